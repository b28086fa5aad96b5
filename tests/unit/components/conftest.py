"""What the unit tests of the program share: upstream's documents, read where they are."""

from __future__ import annotations

import os
from typing import Any

import pytest

from components.upstream import BUNDLE_VARIABLE, UpstreamError, Upstreams
from sandbox.paths import Paths


@pytest.fixture(scope="session")
def upstreams() -> Upstreams:
    """The pins; their manifests are read from the sandbox's bundle, or where there is none from upstream."""
    bundle = Paths().bundle
    if bundle.is_dir():
        os.environ.setdefault(BUNDLE_VARIABLE, str(bundle))
    return Upstreams.load()


@pytest.fixture(scope="session")
def argocd_documents(upstreams: Upstreams) -> list[dict[str, Any]]:
    """Upstream's install manifest of Argo CD, as it is."""
    try:
        return list(upstreams["argo-cd"].documents())
    except UpstreamError as error:
        pytest.skip(str(error))
