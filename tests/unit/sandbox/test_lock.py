"""One `up` or `down` at a time, and no lock is left by one that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.lock import LockedError, held
from sandbox.paths import REPOSITORY

HOLD = """
import pathlib, sys
from sandbox.lock import held
with held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with (
        held(tmp_path / "cache"),
        pytest.raises(LockedError, match=f"process {os.getpid()} is at it"),
        held(tmp_path / "cache"),
    ):
        raise AssertionError("two at once")
    with held(tmp_path / "cache"):
        assert (tmp_path / "cache" / ".lock").read_text() == str(os.getpid()), "it is free again"


def test_one_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY) as other:
        assert other.stdout and other.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=str(other.pid)), held(tmp_path):
            raise AssertionError("two at once")
        other.kill()
        other.wait()
    with held(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
