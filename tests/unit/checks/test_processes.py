"""Finding and killing the processes of a sandbox, with processes of the test's own.

Matrix: of this sandbox · of another one · a command that only mentions the file · gone · killed, and seen gone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from checks.check import UnmetError
from checks.cluster import Cluster
from checks.faults import processes
from tests.unit.checks import stubs

IDLE = "import sys; sys.stdin.read()"


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """A cluster whose sandbox has a home of the test's own."""
    return replace(stubs.cluster(), access=replace(stubs.ACCESS, home=tmp_path))


@contextmanager
def running(name: str, argument: str) -> Iterator[psutil.Process]:
    """A process that calls itself `name`, with an argument."""
    command = [name, "-c", IDLE, argument]
    with subprocess.Popen(command, executable=sys.executable, stdin=subprocess.PIPE) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def test_finds_the_one_of_this_sandbox(cluster: Cluster) -> None:
    mark = processes.marks(cluster)["etcd"]
    with running("etcd", "--data-dir=/var/lib/etcd"), running("etcd", mark) as ours:
        found = processes.find(cluster, "etcd")
        assert found == ours, "the one with this sandbox's data folder, not another etcd of the machine"


def test_finds_none_but_by_name(cluster: Cluster) -> None:
    with running("less", processes.marks(cluster)["containerd"]):
        assert processes.find(cluster, "containerd") is None, "who reads its configuration file is not containerd"
        with pytest.raises(UnmetError, match="containerd to run on this machine"):
            processes.need(cluster, "containerd")


def test_kills_and_sees_it_gone(cluster: Cluster) -> None:
    with running("etcd", processes.marks(cluster)["etcd"]) as ours:
        assert processes.kill([ours]) == 1, "one was killed"
        assert not processes.alive(ours), "it is gone"
        assert processes.find(cluster, "etcd") is None, "and is not found any more"
        assert processes.kill([ours]) == 1, "who is gone already is as good"


def test_sees_that_nothing_took_its_place(cluster: Cluster) -> None:
    mark = processes.marks(cluster)["etcd"]
    with running("etcd", mark) as ours, pytest.raises(UnmetError, match="it does not run"):
        processes.replaced(cluster.within(0), "etcd", ours)


def test_sees_what_took_its_place(cluster: Cluster) -> None:
    mark = processes.marks(cluster)["etcd"]
    with running("etcd", mark) as before:
        processes.kill([before])
        with running("etcd", mark) as after:
            assert processes.replaced(cluster, "etcd", before) == after, "another process of the same kind"
