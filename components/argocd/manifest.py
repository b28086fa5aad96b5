"""Upstream's install manifest, changed by pure functions: each says what it changes and why."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

NAMESPACE = "argocd"
CLUSTER_SCOPED = frozenset({"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"})
WORKLOADS = frozenset({"Deployment", "StatefulSet"})
STATELESS = ("argocd-server", "argocd-repo-server", "argocd-applicationset-controller")
"""What can run more than once without a store of its own."""

REQUESTS = {
    "argocd-application-controller": ("100m", "256Mi"),
    "argocd-applicationset-controller": ("25m", "64Mi"),
    "argocd-notifications-controller": ("10m", "48Mi"),
    "argocd-redis": ("25m", "32Mi"),
    "argocd-repo-server": ("50m", "128Mi"),
    "argocd-server": ("50m", "96Mi"),
}
"""CPU and memory that the scheduler sets aside: upstream names none, and quotas and policies want them."""

START_SECONDS = 180
"""How long a container may take to start before it is killed: as slow as on two busy cores, with a margin."""

Manifest = dict[str, Any]
Change = Callable[[list[Manifest]], list[Manifest]]


def changed(documents: Iterable[Manifest], *changes: Change) -> list[Manifest]:
    """The documents after each change in turn; what was given stays as it was."""
    result = copy.deepcopy(list(documents))
    for change in changes:
        result = change(result)
    return result


def without(part: str) -> Change:
    """Drop a part that is not used, by its `app.kubernetes.io/name`."""

    def change(documents: list[Manifest]) -> list[Manifest]:
        kept = [document for document in documents if _labels(document).get("app.kubernetes.io/name") != part]
        if len(kept) == len(documents):
            raise ValueError(f"Argo CD's manifest: expected objects of {part}, which are to be dropped; there are none")
        return kept

    return change


def namespaced(documents: list[Manifest]) -> list[Manifest]:
    """Say the namespace, which upstream leaves to `kubectl -n`."""
    for document in documents:
        if document["kind"] not in CLUSTER_SCOPED:
            document["metadata"]["namespace"] = NAMESPACE
    return documents


def configured(kind: str, name: str, values: Mapping[str, Any]) -> Change:
    """Set keys of a ConfigMap's data, or of a Secret's stringData; the others stay upstream's."""

    def change(documents: list[Manifest]) -> list[Manifest]:
        field = "data" if kind == "ConfigMap" else "stringData"
        _one(documents, kind, name).setdefault(field, {}).update(values)
        return documents

    return change


def requesting(requests: Mapping[str, tuple[str, str]]) -> Change:
    """Give the container of each workload its requests."""

    def change(documents: list[Manifest]) -> list[Manifest]:
        for workload in _workloads(documents):
            cpu, memory = requests[workload["metadata"]["name"]]
            for container in workload["spec"]["template"]["spec"]["containers"]:
                container["resources"] = {"requests": {"cpu": cpu, "memory": memory}}
        return documents

    return change


def seen_starting(documents: list[Manifest]) -> list[Manifest]:
    """Look each second whether a container is ready while it starts.

    Upstream looks at argocd-server every 30 s, and the first look comes too early: half a minute lost at each start.
    """
    for workload in _workloads(documents):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            if probe := container.get("readinessProbe"):
                asked = {key: probe[key] for key in ("httpGet", "tcpSocket", "exec", "grpc") if key in probe}
                container["startupProbe"] = {**asked, "periodSeconds": 1, "failureThreshold": START_SECONDS}
    return documents


def replicated(count: int) -> Change:
    """Run the stateless parts `count` times."""

    def change(documents: list[Manifest]) -> list[Manifest]:
        for workload in _workloads(documents):
            if workload["metadata"]["name"] in STATELESS:
                workload["spec"]["replicas"] = count
        return documents

    return change


def restarted_by(name: str) -> Change:
    """Start the workloads anew when a ConfigMap that they read only at their start has changed."""

    def change(documents: list[Manifest]) -> list[Manifest]:
        data = _one(documents, "ConfigMap", name).get("data", {})
        digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
        for workload in _workloads(documents):
            template = workload["spec"]["template"]["metadata"]
            template.setdefault("annotations", {})["cairn.dev/configuration"] = digest
        return documents

    return change


def _labels(document: Manifest) -> Mapping[str, str]:
    labels: Mapping[str, str] = document["metadata"].get("labels") or {}
    return labels


def _workloads(documents: list[Manifest]) -> list[Manifest]:
    return [document for document in documents if document["kind"] in WORKLOADS]


def _one(documents: list[Manifest], kind: str, name: str) -> Manifest:
    for document in documents:
        if document["kind"] == kind and document["metadata"]["name"] == name:
            return document
    raise ValueError(f"Argo CD's manifest: expected a {kind} named {name}; there is none")
