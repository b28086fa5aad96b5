"""The hand-over as a component and as a resource; what it does to a repository is tested beside this.

Matrix: both kinds of Git · what is secret · what a change follows from, one by one · values that a preview does not
know · deletion · providers pickled as Pulumi does it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import dill
import pytest
from pulumi.runtime import rpc

from components.handover import ExternalGit, HandOver, HandOverArgs, InternalGit, content
from components.handover.provider import ExternalProvider, InternalProvider
from components.passwords import PasswordProvider
from components.trust import AuthorityProvider, WildcardProvider
from tests.unit.components.recording import plain, record, secret

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    chart = tmp_path / "gitops" / "root" / "Chart.yaml"
    chart.parent.mkdir(parents=True)
    chart.write_text("name: root\n")
    return tmp_path


def internal() -> InternalGit:
    return InternalGit(
        organisation="cairn",
        repository="platform",
        url="http://gitea.gitea.svc.cluster.local:3000",
        password="p4ss",
        webhook_urls=["http://a/hook", "http://b/hook"],
        webhook_secret="s3cret",
    )


def outputs(made: HandOver, seen: dict[str, Any]) -> None:
    for key in ("repo_url", "read_username", "read_password", "revision", "digest"):
        getattr(made, key).apply(lambda value, key=key: seen.update({key: value}))


def test_internal(clone: Path) -> None:
    seen: dict[str, Any] = {}
    graph = record(lambda: outputs(HandOver("h", HandOverArgs(repository_root=clone, git=internal())), seen))
    delivery = graph.named("h-delivery")
    assert delivery.parent == graph.one("HandOver").urn, "the resource is the component's child"
    assert plain(delivery.inputs)["digest"] == content.digest(clone), "the digest is known to a preview"
    assert seen["repo_url"] == "http://gitea.gitea.svc.cluster.local:3000/cairn/platform.git", "as pods reach it"
    assert seen["read_username"] == "<h-delivery.readUsername>", "who reads is what the hand-over made"
    for key in ("password", "webhookSecret"):
        assert secret(delivery.inputs[key]), f"{key} is a secret of the stack"
    assert delivery.secret_outputs >= {"password", "webhookSecret", "readPassword"}, "as what comes back is"


def test_external(clone: Path) -> None:
    git = ExternalGit(url="https://git.example.org/a/b.git", username="git", token="t0ken")
    seen: dict[str, Any] = {}
    graph = record(lambda: outputs(HandOver("h", HandOverArgs(repository_root=clone, git=git)), seen))
    delivery = graph.named("h-delivery")
    assert seen["repo_url"] == git.url, "the GitOps engine reads the same address"
    assert secret(delivery.inputs["token"]), "the token is a secret of the stack"
    assert "token" in delivery.secret_outputs, "as what comes back is"
    assert not {"webhookUrls", "organisation", "namespace"} & set(delivery.inputs), "nothing is made there"


def test_secrets_are_not_shown() -> None:
    external = ExternalGit(url="https://git.example.org/a/b.git", username="git", token="t0ken")
    shown = repr((internal(), external))
    assert not {"p4ss", "s3cret", "t0ken"} & set(shown.replace("'", " ").split()), "arguments can be printed"


BEFORE = {
    "digest": "d1",
    "url": "http://gitea",
    "branch": "main",
    "organisation": "cairn",
    "repository": "platform",
    "webhookUrls": ["http://a/hook"],
    "webhookSecret": "s",
    "token": "t",
    "root": "/home/one/cairn",
    "context": "one",
    "password": "p",
    "revision": "c1",
    "readPassword": "r",
}


def test_nothing_changed() -> None:
    news = {**BEFORE, "root": "/home/two/cairn", "context": "two", "password": "new", "revision": None}
    for provider in (InternalProvider(), ExternalProvider()):
        result = provider.diff("id", BEFORE, news)
        assert result.changes is False, "another clone, context or administrator's password is no hand-over"
        assert not result.replaces


@pytest.mark.parametrize(
    "key", ["digest", "url", "branch", "organisation", "repository", "webhookUrls", "webhookSecret", "token"]
)
@pytest.mark.parametrize("value", ["other", rpc.UNKNOWN], ids=["changed", "unknown in a preview"])
def test_each_change_is_seen(key: str, value: str) -> None:
    result = InternalProvider().diff("id", BEFORE, {**BEFORE, key: value})
    assert result.changes is True, f"{key} is part of the hand-over"
    assert bool(result.replaces) == (key in ("organisation", "repository")), "another repository is another resource"


def test_another_external_repository_is_another_resource() -> None:
    assert ExternalProvider().diff("id", BEFORE, {**BEFORE, "url": "https://b"}).replaces == ["url"]


@pytest.mark.parametrize("provider", [InternalProvider(), ExternalProvider()], ids=["internal", "external"])
def test_deletion_touches_nothing(provider: InternalProvider | ExternalProvider) -> None:
    # Without an address in its properties, whatever reached out would fail.
    provider.delete("id", {})


@pytest.mark.parametrize(
    "provider",
    [InternalProvider(), ExternalProvider(), PasswordProvider(), AuthorityProvider(), WildcardProvider()],
    ids=lambda provider: type(provider).__name__,
)
def test_providers_are_pickled_by_name(provider: Any) -> None:
    pickled: bytes = dill.dumps(provider, protocol=0)
    assert len(pickled) < 300, "by name: code in the stack's state would differ with every edit, and so would resources"
    load = "import dill, sys; print(type(dill.loads(bytes.fromhex(sys.argv[1]))).__name__)"
    loaded = subprocess.run(
        [sys.executable, "-c", load, pickled.hex()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == type(provider).__name__, "Pulumi's process for providers finds it again"


def test_the_content_of_this_repository_can_be_handed_over() -> None:
    assert len(content.digest(ROOT)) == 40, "gitops/ is there"
