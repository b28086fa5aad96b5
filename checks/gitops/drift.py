"""gitops.drift-reverted: what hands change in the cluster, Git takes back."""

from __future__ import annotations

import time

from checks.check import Check, Competency, UnmetError
from checks.cluster import CONFIG_MAP, Cluster, Object
from checks.gitops.part import part

BY_HAND: Object = {"data": {"value": "by hand"}}


def reverted(cluster: Cluster) -> str:
    """An edit is undone; what was deleted comes back."""
    with part(cluster, "gitops.drift-reverted", lambda ours: {"a.yaml": ours.config_map("a", "git")}) as ours:
        uid = ours.has("a", "git")["metadata"]["uid"]
        began = time.monotonic()
        _edit(cluster, ours.name, BY_HAND)
        ours.has("a", "git")
        edit = time.monotonic() - began
        began = time.monotonic()
        cluster.delete(CONFIG_MAP, "a", ours.name)

        def lacking(found: Object | None) -> str:
            if found is None:
                return "it is still gone"
            return "" if found["metadata"]["uid"] != uid else "it was never deleted"

        ours.seen("a", lacking, "the deleted ConfigMap to come back")
        return f"a hand edit undone in {edit:.1f} s, a deleted object back in {time.monotonic() - began:.1f} s"


def others_kept(cluster: Cluster) -> str:
    """What Git says nothing about is not drift: another's label stays when the edit beside it is undone."""
    with part(cluster, "gitops.drift-reverted", lambda ours: {"a.yaml": ours.config_map("a", "git")}) as ours:
        ours.has("a", "git")
        _edit(cluster, ours.name, {**BY_HAND, "metadata": {"labels": {"team": "blue"}}})
        labels = ours.has("a", "git")["metadata"].get("labels", {})
        if labels.get("team") != "blue":
            raise UnmetError("a label that Git does not mention to stay", f"labels {labels}")
        return "an edit was undone, a label of somebody else beside it was kept"


def _edit(cluster: Cluster, namespace: str, body: Object) -> None:
    edited = cluster.patch(CONFIG_MAP, "a", body, namespace)
    if edited["data"]["value"] != "by hand":
        raise UnmetError("the edit by hand to be accepted before it is undone", str(edited["data"]))


CHECK = Check(
    "gitops.drift-reverted",
    "What is changed or deleted by hand returns to what Git says.",
    Competency.GITOPS,
    reverted,
    others_kept,
    deadline=120,
)
