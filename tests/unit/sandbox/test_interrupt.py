"""Ctrl-C, SIGTERM and SIGKILL in the middle of a step: the next run goes on, and nothing half-made is taken for whole.

A real process runs two steps: the first writes a file, the second waits in a program. It is ended there by each
signal, and run again.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sandbox.paths import REPOSITORY

SCRIPT = """
import sys
from pathlib import Path
from sandbox import files, interrupt, lock
from sandbox.process import run
from sandbox.progress import Steps, Task

folder = Path(sys.argv[1])

def first(step):
    files.write(folder / "first", "whole")

def second(step):
    if (folder / "second").exists():
        return
    with files.folder(folder / "second") as filling:
        (filling / "half").write_text("x")
        run(["sh", "-c", sys.argv[2]], log=step.log, on_line=lambda line: print(line, flush=True))

interrupt.catch()
try:
    with lock.held(folder):
        Steps(folder / "logs", folder / "timings.json").run([Task("first", first), Task("second", second)])
except KeyboardInterrupt:
    sys.exit(interrupt.INTERRUPTED)
"""


def command(folder: Path, inner: str) -> list[str]:
    return [sys.executable, "-c", SCRIPT, str(folder), inner]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_in_a_step_it_goes_on_when_run_again(number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, "echo waiting; exec sleep 600"), stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        assert process.stdout is not None
        while "waiting" not in (line := process.stdout.readline()):
            assert line, "the second step was reached"
        (child,) = psutil.Process(process.pid).children()
        process.send_signal(number)
        status = process.wait(timeout=30)
    if number is signal.SIGKILL:
        child.kill()  # nobody else can: its parent had no chance
    else:
        assert status == 130, "as a shell reports an interrupted command"
        assert not child.is_running(), "what it had started ended with it"
    assert (tmp_path / "first").read_text() == "whole"
    assert not (tmp_path / "second").exists(), "the half-made folder is not where a whole one would be"

    again = subprocess.run(command(tmp_path, "true"), capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert again.returncode == 0, again.stderr
    assert [path.name for path in (tmp_path / "second").iterdir()] == ["half"], "made from its beginning"
