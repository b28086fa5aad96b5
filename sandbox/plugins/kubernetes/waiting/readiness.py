"""When an object of a kind is ready, as the official provider has it; else, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sandbox.plugins.kubernetes.values import Tree


class FailedError(Exception):
    """It will not become ready, however long one waits."""


Missing = str | None
"""What is missing, for people; None when the object is ready."""


def condition(tree: Tree, name: str) -> Tree:
    """The condition of that type in the object's status; empty when there is none."""
    conditions = (tree.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == name), {})


def unobserved(tree: Tree) -> Missing:
    """Whether its controller has not yet seen the newest specification."""
    seen = (tree.get("status") or {}).get("observedGeneration", 0)
    return None if seen >= tree["metadata"].get("generation", 0) else "its controller has not yet seen the change"


def deployment(tree: Tree) -> Missing:
    status, wanted = tree.get("status") or {}, (tree.get("spec") or {}).get("replicas", 1)
    if missing := unobserved(tree):
        return missing
    if status.get("updatedReplicas", 0) < wanted:
        return f"{status.get('updatedReplicas', 0)} of {wanted} pods have the new template"
    if status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return f"{status['replicas'] - status.get('updatedReplicas', 0)} old pods have not ended"
    if status.get("availableReplicas", 0) < wanted:
        return f"{status.get('availableReplicas', 0)} of {wanted} pods are available"
    if wanted and condition(tree, "Available").get("status") != "True":
        return "it is not Available"
    return None


def stateful_set(tree: Tree) -> Missing:
    spec, status = tree.get("spec") or {}, tree.get("status") or {}
    wanted = spec.get("replicas", 1)
    if missing := unobserved(tree):
        return missing
    if status.get("readyReplicas", 0) < wanted:
        return f"{status.get('readyReplicas', 0)} of {wanted} pods are ready"
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete" or (strategy.get("rollingUpdate") or {}).get("partition"):
        return None  # Old pods stay until somebody lets them go.
    if status.get("updateRevision") != status.get("currentRevision") and status.get("updatedReplicas", 0) < wanted:
        return f"{status.get('updatedReplicas', 0)} of {wanted} pods have the new template"
    return None


def daemon_set(tree: Tree) -> Missing:
    status = tree.get("status") or {}
    if missing := unobserved(tree):
        return missing
    wanted = status.get("desiredNumberScheduled", 0)
    on_delete = ((tree.get("spec") or {}).get("updateStrategy") or {}).get("type") == "OnDelete"
    if not on_delete and status.get("updatedNumberScheduled", 0) < wanted:
        return f"{status.get('updatedNumberScheduled', 0)} of {wanted} pods have the new template"
    if status.get("numberAvailable", 0) < wanted:
        return f"{status.get('numberAvailable', 0)} of {wanted} pods are available"
    return None


def replica_set(tree: Tree) -> Missing:
    wanted = (tree.get("spec") or {}).get("replicas", 1)
    available = (tree.get("status") or {}).get("availableReplicas", 0)
    return unobserved(tree) or (None if available >= wanted else f"{available} of {wanted} pods are available")


def job(tree: Tree) -> Missing:
    failed = condition(tree, "Failed")
    if failed.get("status") == "True":
        raise FailedError(f"the Job failed: {failed.get('reason')}: {failed.get('message')}")
    if condition(tree, "Complete").get("status") == "True":
        return None
    status = tree.get("status") or {}
    return f"it has not completed ({status.get('succeeded', 0)} pods succeeded, {status.get('failed', 0)} failed)"


def pod(tree: Tree) -> Missing:
    phase = (tree.get("status") or {}).get("phase")
    if phase == "Failed":
        raise FailedError("the Pod failed")
    if phase == "Succeeded" or condition(tree, "Ready").get("status") == "True":
        return None
    return f"its phase is {phase or 'not known'} and it is not Ready"


def definition(tree: Tree) -> Missing:
    accepted = condition(tree, "NamesAccepted")
    if accepted.get("status") == "False":
        raise FailedError(f"its names were not accepted: {accepted.get('message')}")
    return None if condition(tree, "Established").get("status") == "True" else "it is not Established"


def claim(tree: Tree) -> Missing:
    phase = (tree.get("status") or {}).get("phase")
    return None if phase == "Bound" else f"its phase is {phase or 'not known'}, not Bound"


def namespace(tree: Tree) -> Missing:
    phase = (tree.get("status") or {}).get("phase")
    return None if phase == "Active" else f"its phase is {phase or 'not known'}, not Active"


def ingress(tree: Tree) -> Missing:
    found = ((tree.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return None if found else "no ingress controller has written an address to .status.loadBalancer"


def service(tree: Tree) -> Missing:
    """Unlike with the official provider, pods are not waited for: whoever needs them depends on their Deployment."""
    if (tree.get("spec") or {}).get("type") != "LoadBalancer":
        return None
    found = ((tree.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return None if found else "no load balancer has given it an address"


READINESS: Final[dict[tuple[str, str], Callable[[Tree], Missing]]] = {
    ("", "Namespace"): namespace,
    ("", "PersistentVolumeClaim"): claim,
    ("", "Pod"): pod,
    ("", "Service"): service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("batch", "Job"): job,
    ("networking.k8s.io", "Ingress"): ingress,
}
