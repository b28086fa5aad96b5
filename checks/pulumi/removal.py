"""pulumi.destroy-leaves-nothing: what the program made goes with it, what others made stays."""

from __future__ import annotations

import time
from typing import Any

from checks.check import Check, Competency, UnmetError
from checks.cluster import CONFIG_MAP, NAMESPACE, Cluster, Kind, Object
from checks.pulumi import engine

WIDE = (
    NAMESPACE,
    Kind("v1", "PersistentVolume"),
    Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    Kind("rbac.authorization.k8s.io/v1", "ClusterRole"),
    Kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    Kind("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    Kind("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    Kind("networking.k8s.io/v1", "IngressClass"),
)
"""What outlives a namespace, and so is what a careless removal leaves behind."""

Name = tuple[str, str]
"""Kind and name of a cluster-wide object."""


def leaves_nothing(cluster: Cluster) -> str:
    """After `destroy` nothing that the platform brought is left; then `up` works again."""
    with engine.STACK:
        brought = _brought(cluster)
        began = time.monotonic()
        engine.run(cluster, "destroy", "--yes", "--skip-preview")
        gone = time.monotonic() - began
        left = sorted(brought & _wide(cluster))
        rest = [one for one in engine.resources(cluster) if one["type"] != "pulumi:pulumi:Stack"]
        began = time.monotonic()
        engine.run(cluster, "up", "--yes", "--skip-preview")
        again = time.monotonic() - began
    if left or rest:
        names = [" ".join(name) for name in left] + [f"{one['urn']} in the state" for one in rest]
        raise UnmetError("`pulumi destroy` to leave nothing of the platform", "left: " + ", ".join(names[:20]))
    return f"{len(brought)} cluster-wide objects gone in {gone:.0f} s; up again in {again:.0f} s"


def others_stay(cluster: Cluster) -> str:
    """What others made is as it was after `destroy` and `up`."""
    with cluster.namespace("pulumi.destroy-leaves-nothing") as namespace, engine.STACK:
        body: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ours", "namespace": namespace}}
        before = cluster.apply(body)["metadata"]["resourceVersion"]
        foreign = _wide(cluster) - _brought(cluster)
        engine.run(cluster, "destroy", "--yes", "--skip-preview")
        missing = sorted(foreign - _wide(cluster))
        engine.run(cluster, "up", "--yes", "--skip-preview")
        after = cluster.need(CONFIG_MAP, "ours", namespace)["metadata"]["resourceVersion"]
    if missing or before != after:
        raise UnmetError("`destroy` and `up` to leave alone what others made", f"missing: {missing or 'a ConfigMap'}")
    return f"{len(foreign)} cluster-wide objects of others, and a ConfigMap, stayed as they were"


def _brought(cluster: Cluster) -> set[Name]:
    """Cluster-wide objects that the stack made, and those that came with its namespaces: volumes of their claims."""
    own = {
        _name(resource["outputs"])
        for resource in engine.resources(cluster)
        if "metadata" in resource.get("outputs", {})
    }
    namespaces = {name for kind, name in own if kind == "Namespace"}
    volumes = {
        ("PersistentVolume", volume["metadata"]["name"])
        for volume in cluster.all(Kind("v1", "PersistentVolume"))
        if volume["spec"].get("claimRef", {}).get("namespace") in namespaces
    }
    return (own | volumes) & _wide(cluster)


def _wide(cluster: Cluster) -> set[Name]:
    return {(kind.kind, one["metadata"]["name"]) for kind in WIDE for one in cluster.all(kind)}


def _name(outputs: dict[str, Any]) -> Name:
    return str(outputs.get("kind", "")), str(outputs["metadata"].get("name", ""))


CHECK = Check(
    "pulumi.destroy-leaves-nothing",
    "`pulumi destroy` removes all that the platform brought and nothing else; then `up` works again.",
    Competency.SELF_SERVICE,
    leaves_nothing,
    others_stay,
    deadline=600,
    disruptive=True,
)
