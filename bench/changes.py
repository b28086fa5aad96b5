"""How long a change takes: none at all by Pulumi, and a push by Argo CD."""

from __future__ import annotations

import statistics
import time

from bench.measurement import Measurement
from checks.cluster import Cluster, Object
from checks.gitops import applications
from checks.gitops.part import Part, part
from checks.pulumi import engine
from checks.wait import until

GROUP = "changes"
NOTHING_GOAL = 15.0
PUSH_GOAL = 10.0

PUSHES = 5
"""Enough for a median that one slow push does not move."""


def nothing(cluster: Cluster) -> Measurement:
    """`pulumi up` with nothing to do."""
    began = time.monotonic()
    engine.run(cluster.within(300), "up", "--yes", "--skip-preview")
    return Measurement(GROUP, "`pulumi up` with nothing to do", time.monotonic() - began, "s", NOTHING_GOAL)


def push(cluster: Cluster) -> Measurement:
    """From a push until its Application is Synced and Healthy at that commit: the median of some."""
    bounded = cluster.within(60.0 * PUSHES)
    with part(bounded, "bench.push", lambda ours: {"a.yaml": ours.config_map("a", "begin")}) as ours:
        ours.has("a", "begin")
        seconds = [_pushed(ours, f"push {number}") for number in range(PUSHES)]
    note = f"median of {PUSHES}, {min(seconds):.1f} to {max(seconds):.1f} s"
    return Measurement(GROUP, "push to Healthy", statistics.median(seconds), "s", PUSH_GOAL, note)


def _pushed(ours: Part, value: str) -> float:
    began = time.monotonic()
    commit = ours.commit({"a.yaml": ours.config_map("a", value)}, value)

    def lacking(found: list[Object]) -> str:
        return applications.unsettled(found[0], commit) if found else "there is no Application"

    watched = ours.cluster.watch(applications.APPLICATION, applications.NAMESPACE, ours.name)
    until(f"Application {ours.name} Synced and Healthy at {commit[:8]}", watched, lacking)
    ours.has("a", value)
    return time.monotonic() - began
