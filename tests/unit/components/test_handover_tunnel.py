"""The way into the cluster: what is told when there is none. The way itself is a check's on a running cluster.

Matrix: an unknown context · an API server that does not answer · no kubeconfig.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from components.handover.errors import HandOverError
from components.handover.tunnel import tunnel


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"https://127.0.0.1:{taken.getsockname()[1]}"
    file = tmp_path / "kubeconfig"
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": nobody}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


def enter(context: str) -> None:
    with tunnel("gitea", "gitea", 3000, context) as address:
        raise AssertionError(f"nothing can be at {address}")


@pytest.mark.usefixtures("kubeconfig")
def test_an_unknown_context_is_named() -> None:
    with pytest.raises(HandOverError, match=r"service gitea/gitea in the cluster of .* context nowhere"):
        enter("nowhere")


@pytest.mark.usefixtures("kubeconfig")
def test_a_cluster_that_does_not_answer_is_told() -> None:
    with pytest.raises(HandOverError, match=r"expected the service gitea/gitea"):
        enter("")


def test_no_kubeconfig_is_told(kubeconfig: Path) -> None:
    kubeconfig.unlink()
    with pytest.raises(HandOverError, match=r"expected the service gitea/gitea"):
        enter("")
