"""A home and a cache of the test's own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.paths import Paths
from sandbox.progress import Step


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Empty folders that no test shares with another, nor with a sandbox that runs here."""
    found = Paths(tmp_path / "home", tmp_path / "cache")
    found.home.mkdir()
    found.cache.mkdir()
    return found


@pytest.fixture
def console_step(paths: Paths) -> Step:
    """A step that reports to nobody."""
    return Step("step", paths.home.parent / "log", Console(file=io.StringIO()))
