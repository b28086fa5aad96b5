"""Which cluster is checked.

Matrix: the sandbox's · one's own by KUBECONFIG · names by the environment · no such file · not a kubeconfig · a server
that does not answer.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from checks.access import Access, UnreachableError


def test_the_sandboxs_cluster_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").touch()
    access = Access.from_environment({"CAIRN_HOME": str(tmp_path)})
    assert access.kubeconfig == tmp_path / "kubeconfig", "the sandbox's kubeconfig, when there is one"
    assert access.authority == tmp_path / "ca" / "ca.crt", "and its authority"
    assert access.domain == "cairn.localhost", "and its domain"


def test_ones_own_cluster(tmp_path: Path) -> None:
    names = {"CAIRN_CONTEXT": "kind-idp", "CAIRN_DOMAIN": "idp.example.org", "CAIRN_CA": "/etc/ca.pem"}
    access = Access.from_environment({"KUBECONFIG": "/home/me/config", "CAIRN_HOME": str(tmp_path), **names})
    assert access.kubeconfig == Path("/home/me/config"), "KUBECONFIG wins"
    assert (access.context, access.domain, access.authority) == ("kind-idp", "idp.example.org", Path("/etc/ca.pem")), (
        "the names are the caller's"
    )
    usual = Access.from_environment({"HOME": "/home/me", "CAIRN_HOME": str(tmp_path)})
    assert usual.kubeconfig == Path("/home/me/.kube/config"), "without a sandbox, kubectl's usual file"


def unanswered() -> str:
    cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    users = [{"name": "u", "user": {"token": "t"}}]
    return yaml.safe_dump({"clusters": [cluster], "contexts": [context], "users": users, "current-context": "x"})


CASES = [
    ("no such file", None, "there is no such file"),
    ("not a kubeconfig", "just: words", "Invalid kube-config"),
    ("nobody answers", unanswered(), "the API server does not answer"),
]


@pytest.mark.parametrize(("reason", "content", "told"), CASES, ids=[row[0] for row in CASES])
def test_unreachable(tmp_path: Path, reason: str, content: str | None, told: str) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UnreachableError) as error:
        Access.from_environment({"KUBECONFIG": str(path)}).connect()
    message = str(error.value)
    assert told in message, reason
    assert str(path) in message, f"{reason}: the kubeconfig is named"
    assert "\n" not in message, f"{reason}: in one line"
