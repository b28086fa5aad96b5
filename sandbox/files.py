"""Files that are there whole or not at all: whatever is read by a later run is written beside its place and renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that an interruption, even a power cut, leaves the old content or the new one.

    The mode holds from the first byte on: a secret is never readable by others.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its place when the block ends; when it fails, what was there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    yield beside
    # Two folders cannot be exchanged at once; without it a later run sees that it is missing and makes it again.
    shutil.rmtree(path, ignore_errors=True)
    beside.replace(path)


def link(path: Path, target: Path) -> None:
    """A symbolic link, replaced at once: whoever looks it up meanwhile finds the old target or the new one."""
    beside = _beside(path)
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(path)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")
