"""Running programs: output, log, input, failure with its last lines, and interruption that leaves nothing running."""

from __future__ import annotations

import shlex
from pathlib import Path

import psutil
import pytest

from sandbox.process import LAST_LINES, ProcessError, run


def test_gives_both_streams_and_logs_them(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", list[str]()
    assert run(["sh", "-c", "echo out; echo err >&2"], log=log, on_line=seen.append) == "out\nerr"
    assert log.read_text() == "out\nerr\n"
    assert seen == ["out", "err"]
    run(["echo", "more"], log=log)
    assert log.read_text().endswith("more\n"), "a log grows"


def test_hands_over_input_environment_and_folder(tmp_path: Path) -> None:
    assert run(["sh", "-c", "cat; echo $CAIRN_TEST; pwd"], stdin="in\n", env={"CAIRN_TEST": "x"}, cwd=tmp_path) == (
        f"in\nx\n{tmp_path}"
    )


def test_a_failure_shows_the_last_lines_and_where_the_rest_is(tmp_path: Path) -> None:
    with pytest.raises(ProcessError) as failed:
        run(["sh", "-c", "seq 100; exit 7"], log=tmp_path / "log")
    lines = str(failed.value).splitlines()
    assert failed.value.status == 7 and "status 7" in lines[0]
    assert lines[1].strip() == str(100 - LAST_LINES + 1)
    assert str(tmp_path / "log") in lines[-1]


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-command-of-cairn"):
        run(["no-such-command-of-cairn"])


def test_interrupted_it_ends_all_that_it_started(tmp_path: Path) -> None:
    started = tmp_path / "pids"
    script = f"sleep 300 & echo $! > {shlex.quote(str(started))}; echo $$ >> {shlex.quote(str(started))}; echo go; wait"

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", script], on_line=interrupt)
    pids = [int(line) for line in started.read_text().split()]
    assert len(pids) == 2
    assert not any(_runs(pid) for pid in pids), "the shell and what it had started are gone"


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
