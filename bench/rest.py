"""Memory and CPU at rest, by component: the node's own processes, and the pods by their workload."""

from __future__ import annotations

import re
from collections import defaultdict

import psutil
from kubernetes.utils.quantity import parse_quantity

from bench.measurement import Measurement
from checks.cluster import POD, Cluster, Object
from checks.faults import processes

WINDOW = 20.0
"""Seconds over which the CPU use of processes is taken; metrics-server's own window is 15."""

MEBIBYTE = 2**20
GROUP = "memory at rest"


def measured(cluster: Cluster) -> list[Measurement]:
    """Every component's resident memory, with its CPU use in the note, the largest first; and their sum."""
    used = {**_node(cluster), **_pods(cluster)}
    rows = [
        Measurement(GROUP, f"  {name}", memory / MEBIBYTE, "MiB", note=f"{cores * 1000:.0f} m CPU")
        for name, (memory, cores) in sorted(used.items(), key=lambda entry: -entry[1][0])
    ]
    memory, cores = (sum(entry[index] for entry in used.values()) for index in (0, 1))
    note = f"{cores * 1000:.0f} m CPU; processes: resident set, pods: working set"
    return [Measurement(GROUP, "all of it", memory / MEBIBYTE, "MiB", note=note), *rows]


def _node(cluster: Cluster) -> dict[str, tuple[float, float]]:
    """What runs on the node itself, and the shims of all pods together."""
    supervisor = processes.find(cluster, "supervisord")
    running = [supervisor, *supervisor.children()] if supervisor else []
    groups = {process: f"node: {_name(process)}" for process in running}
    groups |= dict.fromkeys(processes.shims(), "node: container shims")
    before = {process: _cpu(process) for process in groups}
    psutil.cpu_percent(interval=WINDOW)
    used: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for process, group in groups.items():
        if process.is_running():
            memory, cores = used[group]
            busy = (_cpu(process) - before[process]) / WINDOW
            used[group] = (memory + process.memory_info().rss, cores + busy)
    return used


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    return "supervisord" if process.name().startswith("python") else process.name()


def _pods(cluster: Cluster) -> dict[str, tuple[float, float]]:
    metrics = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one["containers"]
        for one in cluster.raw("/apis/metrics.k8s.io/v1beta1/pods")["items"]
    }
    used: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for pod in cluster.all(POD):
        metadata = pod["metadata"]
        for container in metrics.get((metadata["namespace"], metadata["name"]), []):
            group = f"{metadata['namespace']}: {workload(pod)}"
            memory, cores = used[group]
            usage = container["usage"]
            used[group] = (memory + float(parse_quantity(usage["memory"])), cores + float(parse_quantity(usage["cpu"])))
    return used


def workload(pod: Object) -> str:
    """The Deployment, StatefulSet or DaemonSet of a pod; the name of a pod that has none."""
    metadata = pod["metadata"]
    for owner in metadata.get("ownerReferences") or []:
        # A ReplicaSet is its Deployment's with a hash; a static pod is the node's.
        if owner["kind"] == "ReplicaSet":
            return re.sub(r"-[0-9a-z]+$", "", owner["name"])
        if owner["kind"] != "Node":
            return str(owner["name"])
    return str(metadata["name"])
