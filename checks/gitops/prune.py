"""gitops.prune: what leaves Git leaves the cluster, alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from checks.check import Check, Competency, UnmetError
from checks.cluster import CONFIG_MAP, Cluster, Object
from checks.gitops.part import Files, Part, part


def _two(ours: Part) -> Files:
    return {"leaves.yaml": ours.config_map("leaves", "x"), "stays.yaml": ours.config_map("stays", "x")}


@contextmanager
def _pruned(cluster: Cluster) -> Iterator[tuple[Part, Object, float]]:
    """Two objects applied, then one taken from Git and gone; with the other as it was, and the seconds it took."""
    with part(cluster, "gitops.prune", _two) as ours:
        ours.has("leaves", "x")
        neighbour = ours.has("stays", "x")
        began = time.monotonic()
        ours.repository.remove(ours.folder, f"Check {ours.name}: remove one", only="leaves.yaml")
        ours.seen("leaves", lambda found: "it is still there" if found else "", "ConfigMap leaves to be pruned")
        yield ours, neighbour, time.monotonic() - began


def removed(cluster: Cluster) -> str:
    """Removed from Git, it goes."""
    with _pruned(cluster) as (_, _, seconds):
        return f"an object removed from Git was pruned in {seconds:.1f} s"


def neighbour_stays(cluster: Cluster) -> str:
    """Its neighbour is the same object as before, untouched; so is one that never was in Git."""
    with _pruned(cluster) as (ours, neighbour, _):
        now = cluster.need(CONFIG_MAP, "stays", ours.name)
        for key in ("uid", "resourceVersion"):
            before, after = neighbour["metadata"][key], now["metadata"][key]
            if before != after:
                raise UnmetError("the neighbour to stay as it was", f"its {key} went from {before} to {after}")
        cluster.need(CONFIG_MAP, "kube-root-ca.crt", ours.name)
        return "its neighbour, and an object that never was in Git, stayed untouched"


CHECK = Check(
    "gitops.prune",
    "What is removed from Git is removed from the cluster, and nothing else is.",
    Competency.GITOPS,
    removed,
    neighbour_stays,
    deadline=120,
)
