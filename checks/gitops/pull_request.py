"""gitops.merged-pull-request: a change waits for its review and is applied when it is merged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from checks.check import Check, Competency, UnmetError
from checks.cluster import CONFIG_MAP, Cluster
from checks.gitops.part import Part, part


@contextmanager
def _proposed(cluster: Cluster) -> Iterator[tuple[Part, int]]:
    """A part that is applied, and an open pull request that changes it."""
    with part(cluster, "gitops.merged-pull-request", lambda ours: {"a.yaml": ours.config_map("a", "old")}) as ours:
        ours.has("a", "old")
        ours.commit({"a.yaml": ours.config_map("a", "proposed")}, "propose", branch=ours.name)
        number = ours.repository.open(ours.name, f"Check {ours.name}")
        try:
            yield ours, number
        finally:
            ours.repository.close(number)
            ours.repository.drop(ours.name)


def merged(cluster: Cluster) -> str:
    """Merged, it is applied."""
    with _proposed(cluster) as (ours, number):
        began = time.monotonic()
        ours.repository.merge(number)
        ours.has("a", "proposed")
        return f"applied {time.monotonic() - began:.1f} s after the merge"


def still_open(cluster: Cluster) -> str:
    """Open, it is not, though a later commit on main is."""
    with _proposed(cluster) as (ours, number):
        ours.commit({"b.yaml": ours.config_map("b", "later")}, "on main, later")
        ours.has("b", "later")
        value = cluster.need(CONFIG_MAP, "a", ours.name)["data"]["value"]
        if value != "old":
            raise UnmetError(f"open pull request {number} not to be applied", f"value {value!r}")
        return "an open pull request was not applied, a later commit on main was"


CHECK = Check(
    "gitops.merged-pull-request",
    "A pull request is applied when it is merged, and not before.",
    Competency.GITOPS,
    merged,
    still_open,
    deadline=120,
)
