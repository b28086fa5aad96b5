"""The sandbox that tests run against: the one that is up, else one of their own that goes when they end.

Tests are run in an order that lets each find what it needs: first those without a sandbox, then those that only look,
then those that stop or remove parts, and at the very end the one that takes the sandbox down. Where there is
no sandbox yet, those that look at one go first: bringing it up makes the manifests and commands that the others use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checks.access import Access
from checks.cluster import Cluster
from sandbox.node.supervisor import Supervisor
from sandbox.paths import REPOSITORY, Paths
from tests.machine import Machine

UP_SECONDS = 3600
"""On a machine with nothing in its cache, all commands and images are built first."""

COMMAND_SECONDS = 300
"""For `status` and `down`."""

LAYERS = ("unit", "contract", "plugins", "e2e", "faults")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fresh", action="store_true", help="Take a sandbox that is up down first, and make a new one.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "faults: stops or removes parts of the platform")
    config.addinivalue_line("markers", "last: takes the sandbox down")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> tuple[bool, int]:
        layer = item.path.relative_to(REPOSITORY / "tests").parts[0]
        return item.get_closest_marker("last") is not None, LAYERS.index(layer) if layer in LAYERS else -1

    items.sort(key=place)
    if not Paths().bin.is_dir():
        items.sort(key=lambda item: not item.path.is_relative_to(REPOSITORY / "tests" / "e2e"))


@dataclass
class Sandbox:
    """The sandbox of this run of the tests."""

    paths: Paths
    before: Machine | None = None
    """The machine before the tests brought the sandbox up; None when it was up already."""
    down: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run a command of the sandbox, as `make` does."""
        return subprocess.run(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def remove(self) -> subprocess.CompletedProcess[str]:
        """Take it down."""
        self.down = True
        return self.command("down")


@pytest.fixture(scope="session")
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox that is up and well; made for these tests if there is none, and then removed after them."""
    paths = Paths()
    running = Sandbox(paths)
    if request.config.getoption("--fresh") and paths.home.exists():
        assert_ok(running.command("down"), "the sandbox that was up to go")
    if not Supervisor(paths).running():
        running.before = None if paths.home.exists() else Machine.now(paths)
    if running.command("status").returncode:
        try:
            assert_ok(running.command("up", seconds=UP_SECONDS), "`make up` to make a sandbox for the tests")
        except BaseException:
            if running.before:
                running.remove()
            raise
    os.environ["PATH"] = f"{paths.bin}:{os.environ['PATH']}"
    os.environ["KUBECONFIG"] = str(paths.kubeconfig)
    yield running
    if running.before and not running.down:
        assert_ok(running.remove(), "`make down` to remove the sandbox that the tests made")


@pytest.fixture(scope="session")
def cluster(sandbox: Sandbox) -> Cluster:
    """The sandbox's cluster, as the checks see it."""
    return Cluster.connect(Access.from_environment({"CAIRN_HOME": str(sandbox.paths.home)}))


def assert_ok(done: subprocess.CompletedProcess[str], expected: str) -> None:
    """Fail with the end of what a command printed."""
    printed = (done.stdout + done.stderr).strip().splitlines()
    assert done.returncode == 0, f"expected {expected}; status {done.returncode}:\n" + "\n".join(printed[-25:])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure against the cluster, what a person would look at first."""
    report = yield
    if report.failed and "sandbox" in getattr(item, "fixturenames", []):
        for title, command in (
            ("pods that are not ready", "get pods -A --field-selector=status.phase!=Running"),
            ("the last warnings", "get events -A --field-selector=type=Warning --sort-by=.lastTimestamp"),
        ):
            report.sections.append((title, _kubectl(*command.split())))
    return report


def _kubectl(*arguments: str) -> str:
    paths = Paths()
    command = [str(paths.bin / "kubectl"), f"--kubeconfig={paths.kubeconfig}", "--request-timeout=10s", *arguments]
    if not Path(command[0]).exists():
        return "there is no sandbox"
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return "\n".join((done.stdout + done.stderr).splitlines()[-15:])
