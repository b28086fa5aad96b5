"""The supervisor, a real one with harmless programs: restarts what dies, ends whole; a killed one is cleared away."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.node import layout
from sandbox.node.layout import Program
from sandbox.node.supervisor import Supervisor
from sandbox.paths import Paths

DEADLINE = 20.0


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    # A socket's path may have 107 characters, fewer than pytest's folders can have.
    folder = Path(tempfile.mkdtemp(prefix="cairn-", dir="/tmp"))
    paths = Paths(folder / "home", folder / "cache")
    # The path of a configuration file of ours is how an orphan is known.
    marker = f"{paths.home}/containerd.toml"
    sleeper = f"{sys.executable} -c 'import time; time.sleep(600)' {marker}"
    layout.render(
        "supervisord.conf", paths.home / "supervisord.conf", run=paths.run, logs=paths.logs,
        programs=[Program("containerd", sleeper)], open_files=256, path="/usr/bin:/bin",
    )  # fmt: skip
    found = Supervisor(paths)
    yield found
    found.shutdown()
    shutil.rmtree(folder)


def eventually(what: Callable[[], bool], sentence: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < deadline, sentence
        time.sleep(0.05)


def pid(supervisor: Supervisor) -> int:
    return int(supervisor._api.getProcessInfo("containerd")["pid"])


def test_one_that_does_not_run_says_so(paths: Paths) -> None:
    assert Supervisor(paths).running() is False
    assert Supervisor(paths).status() == {}
    Supervisor(paths).shutdown()


def test_restarts_what_dies(supervisor: Supervisor) -> None:
    supervisor.ensure()
    supervisor.start("containerd")
    supervisor.start("containerd")
    first = pid(supervisor)
    psutil.Process(first).kill()
    eventually(lambda: pid(supervisor) not in {0, first}, "a killed program comes back")
    supervisor.stop("containerd")
    supervisor.stop("containerd")
    assert supervisor.status() == {"containerd": "STOPPED"}, "one that was stopped does not"


def test_ensure_keeps_what_runs(supervisor: Supervisor) -> None:
    supervisor.ensure()
    supervisor.start("containerd")
    first = pid(supervisor)
    supervisor.ensure()
    assert pid(supervisor) == first, "a second `up` restarts nothing"


def test_shutdown_ends_all(supervisor: Supervisor) -> None:
    supervisor.ensure()
    supervisor.start("containerd")
    child = psutil.Process(pid(supervisor))
    supervisor.shutdown()
    assert not supervisor.running() and not child.is_running()
    assert list(supervisor.orphans()) == []


def test_after_a_power_cut_of_the_supervisor_its_orphans_end_and_it_starts_again(supervisor: Supervisor) -> None:
    supervisor.ensure()
    supervisor.start("containerd")
    orphan = psutil.Process(pid(supervisor))
    psutil.Process(supervisor._api.getPID()).kill()
    eventually(lambda: not supervisor.running(), "it is killed")
    assert orphan.is_running(), "its program outlives it"
    assert [process.pid for process in supervisor.orphans()] == [orphan.pid]
    supervisor.ensure()
    assert supervisor.running() and not orphan.is_running(), "two containerds would fight for one socket"


def test_a_program_that_cannot_start_is_named_with_its_log(supervisor: Supervisor) -> None:
    supervisor.ensure()
    with pytest.raises(RuntimeError, match="no-such-program"):
        supervisor.start("no-such-program")
