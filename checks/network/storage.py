"""network.storage-kept: volumes are made on demand and outlive the pods that use them."""

from __future__ import annotations

from checks.check import Check, Competency, UnmetError
from checks.cluster import POD, Cluster, Kind, Object
from checks.pods import execute, manifest, start
from checks.wait import until

CLAIM = Kind("v1", "PersistentVolumeClaim")


def storage_kept(cluster: Cluster) -> str:
    """What one pod wrote, its successor reads."""
    with cluster.namespace("network.storage-kept") as namespace:
        cluster.apply(_claim(namespace, {}))
        volume: dict[str, object] = {
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        }
        start(cluster, manifest(namespace, "first", ["sleep", "infinity"], **volume))
        wrote = execute(cluster, namespace, "first", ["sh", "-c", "echo kept by $HOSTNAME > /data/note && sync"])
        if wrote.status:
            raise UnmetError("the first pod to write to its volume", wrote.output)
        cluster.delete(POD, "first", namespace)
        start(cluster, manifest(namespace, "second", ["sleep", "infinity"], **volume))
        seen = execute(cluster, namespace, "second", ["cat", "/data/note"]).output.strip()
        if seen != "kept by first":
            raise UnmetError("the second pod to read `kept by first`", repr(seen), f"kubectl -n {namespace} get pvc,pv")
        return "the second pod read what the first one wrote"


def unknown_class_pends(cluster: Cluster) -> str:
    """A claim of a class that is not there stays Pending, and says so."""
    with cluster.namespace("network.storage-kept") as namespace:
        cluster.apply(_claim(namespace, {"storageClassName": "no-such-class"}))
        until(
            "an event that names the missing class",
            cluster.watch(Kind("v1", "Event"), namespace),
            lambda events: (
                ""
                if any("no-such-class" in (event.get("message") or "") for event in events)
                else f"{len(events)} events, none of them names it"
            ),
            f"kubectl -n {namespace} get events",
        )
        phase = cluster.need(CLAIM, "data", namespace)["status"]["phase"]
        if phase != "Pending":
            raise UnmetError("the claim to be Pending", phase)
        return "a claim of an unknown class stays Pending and its event names the class"


def _claim(namespace: str, more: Object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}, **more},
    }


CHECK = Check(
    "network.storage-kept",
    "A volume keeps its data when the pod that wrote it is replaced.",
    Competency.ARCHITECTURE,
    storage_kept,
    unknown_class_pends,
    deadline=90,
)
