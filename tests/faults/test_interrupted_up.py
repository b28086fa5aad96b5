"""`make up`, interrupted in a step and run again, goes on; and `make down` removes what came of it, too.

Like the test of `make down`, only where the tests made the sandbox themselves: it is made anew here.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.access import Access
from checks.cluster import Cluster
from checks.gitops import root
from checks.wait import Deadline, polled, until
from sandbox.paths import REPOSITORY
from tests.conftest import UP_SECONDS, Sandbox, assert_ok
from tests.machine import Machine

INTERRUPTED = 130
"""Exit status of what a signal ended, by the shells' convention."""

STEPS = [("node", signal.SIGINT), ("addons", signal.SIGTERM), ("platform", signal.SIGINT)]
"""Steps that do something on a machine whose cache is full, each interrupted once it has begun to."""

BEGIN_SECONDS = 300
END_SECONDS = 60


@pytest.fixture
def no_sandbox(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A machine without the sandbox, and again at the end."""
    if sandbox.before is None:
        pytest.skip("the sandbox was up before these tests and stays; --fresh makes one of their own")
    assert_ok(sandbox.remove(), "`make down` to remove the sandbox that the tests made")
    yield sandbox
    assert_ok(sandbox.remove(), "`make down` to remove what the interrupted runs and the last one made")
    left = sandbox.before.differences(Machine.now(sandbox.paths))
    assert not left, "the machine is as it was before:\n" + "\n".join(left)


def interrupt(log: Path, number: signal.Signals) -> tuple[int, str]:
    """Run `make up` until the step of this log does something, send the signal; gives status and output."""
    command = [sys.executable, "-m", "sandbox", "up"]
    running = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until(
            f"`make up` to write to {log}",
            polled(lambda: running.poll(), Deadline.after(BEGIN_SECONDS), interval=0.1),
            lambda status: "" if status is not None or (log.exists() and log.stat().st_size) else "it has not begun to",
        )
        running.send_signal(number)
        printed, _ = running.communicate(timeout=END_SECONDS)
    finally:
        if running.poll() is None:
            running.kill()
    return running.returncode, printed


@pytest.mark.faults
@pytest.mark.last
def test_up_goes_on_where_it_was_interrupted(no_sandbox: Sandbox) -> None:
    for step, number in STEPS:
        status, printed = interrupt(no_sandbox.paths.logs / f"step-{step}.log", number)
        assert status == INTERRUPTED, f"{number.name} in step {step} ends it with its status:\n{printed[-2000:]}"
        assert "again" in printed.splitlines()[-1], f"the last line says what to do after {number.name}:\n{printed}"
        assert "Traceback" not in printed, f"an interrupt in step {step} is no mistake of the program's"
    assert_ok(no_sandbox.command("up", seconds=UP_SECONDS), "the next `make up` to bring all of it up")
    access = Access.from_environment({"CAIRN_HOME": str(no_sandbox.paths.home)})
    seen = root.at_head(Cluster.connect(access).within(root.CHECK.deadline))
    assert "Synced and Healthy" in seen, "what three runs began and one ended is a whole platform"
