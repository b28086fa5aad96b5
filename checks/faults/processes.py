"""The processes of the sandbox's node, each known by an argument that only it has; killed by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

from checks.check import UnmetError
from checks.cluster import Cluster
from checks.wait import polled, until

KILLED = 20.0
"""Seconds in which the kernel has to take away what was killed: more than it needs to end a large address space."""

SHIM = "containerd-shim-runc-v2"
SHIM_SOCKET = "/run/cairn/containerd.sock"
"""The address that the shims of the sandbox's containerd serve, as against those of any other."""


def marks(cluster: Cluster) -> dict[str, str]:
    """What is killed -> an argument by which the sandbox's one is told from any other's on the machine."""
    home = cluster.access.home
    return {
        "kube-apiserver": f"--audit-log-path={home}/logs/audit.log",
        "etcd": f"--data-dir={home}/etcd",
        "containerd": f"{home}/containerd.toml",
        "kubelet": "--config=/var/lib/kubelet/config.yaml",
        "supervisord": f"{home}/supervisord.conf",
    }


def find(cluster: Cluster, name: str) -> psutil.Process | None:
    """The sandbox's process of this name, if it runs."""
    mark = marks(cluster)[name]
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        # supervisord is run as a module of Python: `python -m supervisor.supervisord`.
        if mark in words and name in {Path(word).name.rpartition(".")[2] for word in words[:3]} and alive(process):
            return process
    return None


def need(cluster: Cluster, name: str) -> psutil.Process:
    """The process that is to be killed."""
    process = find(cluster, name)
    if process is None:
        here = f"{name} to run on this machine, as the sandbox's node does (home {cluster.access.home})"
        raise UnmetError(here, "there is no such process", "`python -m sandbox status`")
    return process


def kill(processes: Iterable[psutil.Process]) -> int:
    """SIGKILL these, and see them gone; gives how many there were."""
    processes = list(processes)
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    _, left = psutil.wait_procs(processes, timeout=KILLED)
    if staying := [process for process in left if alive(process)]:
        raise UnmetError(f"{len(processes)} killed processes to be gone", f"still there: {staying}")
    return len(processes)


def replaced(cluster: Cluster, name: str, killed: psutil.Process) -> psutil.Process:
    """Wait until another process has taken the place of the killed one."""
    found = until(
        f"{name} to be started again",
        polled(lambda: find(cluster, name), cluster.deadline),
        lambda process: "" if process and process.pid != killed.pid else "it does not run",
        f"{cluster.access.home}/logs",
    )
    assert found is not None, "only a process passes"
    return found


def node(cluster: Cluster) -> list[psutil.Process]:
    """All that runs of the sandbox: the supervisor first, so that it starts nothing again; then pods and all else."""
    supervisor = find(cluster, "supervisord")
    found = [supervisor, *supervisor.children(recursive=True)] if supervisor else []
    for shim in shims():
        found += [shim, *shim.children(recursive=True)]
    return list(dict.fromkeys(found))


def shims() -> list[psutil.Process]:
    """One for each pod of the sandbox's containerd."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if (words := process.info["cmdline"]) and Path(words[0]).name == SHIM and SHIM_SOCKET in words
    ]


def alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that ended and was not yet collected by its parent does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
