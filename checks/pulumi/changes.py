"""pulumi.no-changes: after `up` there is nothing to do, and what hands changed is put right."""

from __future__ import annotations

import time
from typing import Any

from checks.check import Check, Competency, UnmetError
from checks.cluster import Cluster, Kind
from checks.pulumi import engine

DRIFTING = "kubernetes:networking.k8s.io/v1:IngressClass"
"""What is drifted by hand: a declaration whose annotation can be wrong for some seconds without anyone noticing."""

DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def nothing_to_do(cluster: Cluster) -> str:
    """A preview after `up` changes nothing, not even when it looks at the cluster first."""
    for flags in ([], ["--refresh"]):
        changes = engine.preview(cluster, *flags)
        if changes:
            told = " ".join(["pulumi preview", *flags])
            raise UnmetError(
                f"`{told}` to show no change", _told(changes), "`python -m sandbox pulumi -- preview --diff`"
            )
    return "0 changes, and 0 after a refresh from the cluster"


def drift_repaired(cluster: Cluster) -> str:
    """Drift made by hand is seen by a preview with --refresh, and an `up` with --refresh repairs it."""
    kind, name = Kind("networking.k8s.io/v1", "IngressClass"), _drifting(cluster)
    before = _annotation(cluster, kind, name)
    cluster.patch(kind, name, {"metadata": {"annotations": {DEFAULT_CLASS: "by-hand"}}})
    try:
        seen = engine.preview(cluster, "--refresh")
        if not seen:
            raise UnmetError("`pulumi preview --refresh` to show the drift", "no change")
        began = time.monotonic()
        engine.run(cluster, "up", "--refresh", "--yes", "--skip-preview")
        after = _annotation(cluster, kind, name)
        if after != before:
            raise UnmetError(f"`pulumi up --refresh` to set the annotation to {before!r}", repr(after))
        return f"drift was shown ({_told(seen)}) and repaired in {time.monotonic() - began:.1f} s"
    finally:
        if _annotation(cluster, kind, name) == "by-hand":
            cluster.patch(kind, name, {"metadata": {"annotations": {DEFAULT_CLASS: before}}})


def _drifting(cluster: Cluster) -> str:
    for resource in engine.resources(cluster):
        if resource["type"] == DRIFTING:
            metadata: dict[str, Any] = resource["outputs"]["metadata"]
            return str(metadata["name"])
    raise UnmetError(f"a {DRIFTING} in the stack, to be drifted by hand", "there is none: ingress.enabled is false?")


def _annotation(cluster: Cluster, kind: Kind, name: str) -> str | None:
    annotations: dict[str, str] = cluster.need(kind, name)["metadata"].get("annotations") or {}
    return annotations.get(DEFAULT_CLASS)


def _told(changes: engine.Change) -> str:
    return ", ".join(f"{count} to {operation}" for operation, count in sorted(changes.items()))


CHECK = Check(
    "pulumi.no-changes",
    "A second `pulumi up` has nothing to do; what was changed by hand it repairs.",
    Competency.SELF_SERVICE,
    nothing_to_do,
    drift_repaired,
    deadline=180,
)
