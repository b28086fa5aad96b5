"""What happens on Ctrl-C and SIGTERM: what was started ends, what is half-made lies beside its place, and one line."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import psutil

from sandbox.process import end_tree

INTERRUPTED = 130
"""Exit status of a command that was interrupted, as shells have it: 128 + SIGINT."""


def catch() -> None:
    """Let both signals end the children, also those that another thread waits for, and raise KeyboardInterrupt.

    The supervisor and what it keeps alive are no children: they go on, as after a finished run.
    """
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # Ctrl-C reaches all processes of the terminal; pulumi takes a second signal for leave to drop what it is doing.
    told = number == signal.SIGINT and sys.stdin.isatty()
    for child in psutil.Process().children():
        end_tree(child.pid, told)
    raise KeyboardInterrupt
