"""Running other programs: quiet, logged, and with an error that shows the last useful lines."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil

LAST_LINES = 12
"""Lines of output shown of a program that failed; its log has the rest."""

END_DEADLINE = 10.0
"""Seconds for an interrupted program to clean up; pulumi needs a few to write down what it has made."""


class ProcessError(RuntimeError):
    """A program ended with another status than 0."""

    def __init__(self, command: Sequence[str], status: int, lines: Iterable[str], log: Path | None) -> None:
        shown = "\n".join(f"  {line}" for line in list(lines)[-LAST_LINES:])
        where = f"\n  (all of it: {log})" if log else ""
        super().__init__(f"{' '.join(command[:4])} ... ended with status {status}:\n{shown}{where}")
        self.status = status


def end_tree(pid: int, told: bool = False) -> None:
    """End a process and all that it started: asked first (unless it was `told`), killed when it does not listen.

    The process is asked alone, and ends its own: pulumi writes its state down by plugins that must not go before it.
    """
    try:
        top = psutil.Process(pid)
        family = top.children(recursive=True)
        if not told:
            top.terminate()
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([top], timeout=END_DEADLINE)
    for member in [*family, top]:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs([*family, top], timeout=END_DEADLINE)


def run(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program to its end and return what it printed to standard output and standard error.

    `env` is added to this process's environment; `log` is appended to; `on_line` sees each line as it comes.
    Raises ProcessError with the last lines when it fails.
    """
    words = [str(word) for word in command]
    lines: list[str] = []
    sink = log.open("a", buffering=1) if log else None
    try:
        with subprocess.Popen(
            words,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            if stdin is not None and process.stdin:
                process.stdin.write(stdin)
                process.stdin.close()
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    lines.append(line.rstrip("\n"))
                    if sink:
                        sink.write(line)
                    if on_line:
                        on_line(lines[-1])
                status = process.wait()
            except BaseException:
                # Interrupted: nothing that was started for a step goes on without it.
                end_tree(process.pid)
                raise
    finally:
        if sink:
            sink.close()
    if status != 0:
        raise ProcessError(words, status, lines, log)
    return "\n".join(lines)
