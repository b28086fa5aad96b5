"""A stack and a namespace for each test, on the cluster of the sandbox."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.plugins.engine import Stack, kubectl


@pytest.fixture
def stack(tmp_path: Path, sandbox: Sandbox) -> Iterator[Stack]:
    """A stack whose program may fill the namespace NS, which goes with the test."""
    namespace = f"plugins-{secrets.token_hex(3)}"
    kubectl("create", "namespace", namespace)
    yield Stack.make(tmp_path, namespace, sandbox.paths)
    kubectl("delete", "namespace", namespace, "--wait=false")
