"""fault.<process>: the node's own processes, killed one at a time."""

from __future__ import annotations

import time
from functools import partial

from checks.check import Check, Competency
from checks.cluster import Cluster
from checks.faults import processes
from checks.faults.witness import witness

NAMES = ("kube-apiserver", "etcd", "kubelet", "containerd")


def recovers(name: str, cluster: Cluster) -> str:
    """Killed, it is started again, and the cluster runs a new pod."""
    with witness(cluster, f"fault.{name}") as before:
        killed = processes.need(cluster, name)
        began = time.monotonic()
        processes.kill([killed])
        processes.replaced(cluster, name, killed)
        again = time.monotonic() - began
        before.works()
        return f"started again in {again:.1f} s, a new pod ran after {time.monotonic() - began:.1f} s"


def loses_nothing(name: str, cluster: Cluster) -> str:
    """What was stored just before is there unchanged, and what ran was not restarted."""
    with witness(cluster, f"fault.{name}") as before:
        killed = processes.need(cluster, name)
        processes.kill([killed])
        processes.replaced(cluster, name, killed)
        before.works()
        before.kept()
        return "the last object stored is unchanged, a running pod was not restarted"


CHECKS = tuple(
    Check(
        f"fault.{name}",
        f"When {name} dies, it is started again; nothing is lost and running pods go on.",
        Competency.INCIDENTS,
        partial(recovers, name),
        partial(loses_nothing, name),
        # Kubernetes waits up to 10, 20, 40 s between restarts of what died often.
        deadline=180,
        disruptive=True,
    )
    for name in NAMES
)
