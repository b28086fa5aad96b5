"""`pulumi up` against a bare server-side apply of the same objects with the same waits, in one run.

Takes the platform away twice and brings it back: the objects come from the stack's state; kubectl applies those that
others need first (namespaces, definitions), then the rest, waits for every workload, hands over to Git by the
program's own code, and applies the root Application last, as the program does.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from bench.measurement import Measurement
from checks.cluster import NAMESPACE, Cluster, Kind, Object
from checks.gitops import applications
from checks.pulumi import engine
from checks.wait import until
from components.handover.provider import InternalProvider

GOAL = 1.15
WAIT = 300.0
"""Seconds for all workloads to be ready, or all namespaces to be gone."""

FIRST = frozenset({"Namespace", "CustomResourceDefinition"})
LAST = frozenset({"Application", "AppProject"})
WORKLOADS = frozenset({"Deployment", "StatefulSet"})
DELIVERY = "pulumi-python:dynamic/cairn:Delivery"

SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key by which Pulumi marks a secret in a state, pulumi sdk/go/common/resource/sig/sig.go."""


def measured(cluster: Cluster) -> list[Measurement]:
    """Both times and their ratio; afterwards the platform is up, from Pulumi."""
    bounded = cluster.within(4 * WAIT)
    resources = _resources(bounded)
    objects = [one["inputs"] for one in resources if one["type"].startswith("kubernetes:") and "kind" in one["inputs"]]
    deliveries = [one["inputs"] for one in resources if one["type"] == DELIVERY]
    engine.run(bounded, "destroy", "--yes", "--skip-preview")
    try:
        began = time.monotonic()
        _apply_all(bounded, objects, deliveries)
        bare = time.monotonic() - began
    finally:
        _remove(bounded, objects)
        again = cluster.within(2 * WAIT)
        began = time.monotonic()
        engine.run(again, "up", "--yes", "--skip-preview")
        pulumi = time.monotonic() - began
    group = "`pulumi up` against a bare apply"
    return [
        Measurement(group, "kubectl apply --server-side, and waits", bare, "s", note=f"{len(objects)} objects"),
        Measurement(group, "pulumi up, of nothing", pulumi, "s"),
        Measurement(group, "ratio", pulumi / bare, "", GOAL),
    ]


def _apply_all(cluster: Cluster, objects: Sequence[Object], deliveries: Sequence[dict[str, Any]]) -> None:
    first = [one for one in objects if one["kind"] in FIRST]
    last = [one for one in objects if one["kind"] in LAST or _for_argocd(one)]
    _apply(cluster, first)
    if definitions := [f"crd/{one['metadata']['name']}" for one in first if one["kind"] == "CustomResourceDefinition"]:
        _kubectl(cluster, ["wait", f"--timeout={WAIT:.0f}s", "--for=condition=Established", *definitions])
    _apply(cluster, [one for one in objects if one not in first and one not in last])
    for one in objects:
        if one["kind"] in WORKLOADS:
            name, space = f"{one['kind'].lower()}/{one['metadata']['name']}", one["metadata"]["namespace"]
            _kubectl(cluster, ["rollout", "status", f"--timeout={WAIT:.0f}s", "-n", space, name])
    for props in deliveries:
        made = InternalProvider().create(props).outs or {}
        for one in last:
            if _for_argocd(one) and "password" in one.get("stringData", {}):
                one["stringData"]["password"] = made["readPassword"]
    _apply(cluster, last)


def _for_argocd(one: Object) -> bool:
    """Whether it is the Secret by which Argo CD reads the repository: its token comes from the hand-over."""
    labels = one["metadata"].get("labels", {})
    return one["kind"] == "Secret" and "argocd.argoproj.io/secret-type" in labels


def _remove(cluster: Cluster, objects: Sequence[Object]) -> None:
    """The root Application first, with what it made; then the rest."""
    if cluster.get(applications.APPLICATION, applications.ROOT, applications.NAMESPACE):
        cluster.delete(applications.APPLICATION, applications.ROOT, applications.NAMESPACE)
        until(
            "the root Application to be gone, with what it made",
            cluster.within(WAIT).watch(applications.APPLICATION, applications.NAMESPACE),
            lambda found: "" if not found else f"{len(found)} Applications are there",
            applications.look(applications.ROOT),
        )
    for one in sorted(objects, key=lambda one: one["kind"] in FIRST):
        cluster.delete(Kind(one["apiVersion"], one["kind"]), one["metadata"]["name"], one["metadata"].get("namespace"))
    ours = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    until(
        f"namespaces {', '.join(sorted(ours))} to be gone",
        cluster.within(WAIT).watch(NAMESPACE),
        lambda found: ", ".join(sorted(ours & {one["metadata"]["name"] for one in found})),
    )


def _apply(cluster: Cluster, objects: Sequence[Object]) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    _kubectl(cluster, ["apply", "--server-side", "--force-conflicts", "--field-manager=cairn-bench", "-f", "-"], body)


def _kubectl(cluster: Cluster, arguments: Sequence[str], stdin: str | None = None) -> None:
    kubectl = cluster.access.home / "bin" / "kubectl"
    command = [str(kubectl), f"--kubeconfig={cluster.access.kubeconfig}", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=WAIT)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()[-1000:]}")


def _resources(cluster: Cluster) -> list[dict[str, Any]]:
    """The stack's resources with their secrets readable; they stay in this process's memory."""
    exported = json.loads(engine.run(cluster, "stack", "export", "--show-secrets"))
    return [plain(one) for one in exported["deployment"]["resources"] if "inputs" in one]


def plain(value: Any) -> Any:
    """A value of a state without Pulumi's marks of secrets."""
    if isinstance(value, dict):
        if SECRET_SIGNATURE in value and "plaintext" in value:
            return json.loads(value["plaintext"])
        return {key: plain(inner) for key, inner in value.items() if not key.startswith("__")}
    return [plain(inner) for inner in value] if isinstance(value, list) else value
