"""gitops.push-applied: a push is all it takes, and only a push to main."""

from __future__ import annotations

import time

from checks.check import Check, Competency, UnmetError
from checks.cluster import CONFIG_MAP, Cluster
from checks.gitops.part import part


def applied(cluster: Cluster) -> str:
    """A new folder and a change of it are applied."""
    began = time.monotonic()
    with part(cluster, "gitops.push-applied", lambda ours: {"a.yaml": ours.config_map("a", "one")}) as ours:
        ours.has("a", "one")
        new = time.monotonic() - began
        began = time.monotonic()
        ours.commit({"a.yaml": ours.config_map("a", "two")}, "change")
        ours.has("a", "two")
        changed = time.monotonic() - began
    return f"a new part applied {new:.1f} s after the push, a change after {changed:.1f} s"


def branch_waits(cluster: Cluster) -> str:
    """A commit on a branch is not applied, though a later one on main is."""
    with part(cluster, "gitops.push-applied", lambda ours: {"a.yaml": ours.config_map("a", "main")}) as ours:
        ours.has("a", "main")
        try:
            ours.commit({"a.yaml": ours.config_map("a", "branch")}, "on a branch", branch=ours.name)
            ours.commit({"b.yaml": ours.config_map("b", "later")}, "on main, later")
            ours.has("b", "later")
            value = cluster.need(CONFIG_MAP, "a", ours.name)["data"]["value"]
        finally:
            ours.repository.drop(ours.name)
        if value != "main":
            raise UnmetError("a commit on an unmerged branch not to be applied", f"value {value!r}")
    return "a commit on an unmerged branch was not applied, a later one on main was"


CHECK = Check(
    "gitops.push-applied",
    "What is pushed to main is applied; what is pushed to another branch is not.",
    Competency.GITOPS,
    applied,
    branch_waits,
    deadline=120,
)
