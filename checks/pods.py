"""Pods that the checks run for themselves, and commands in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kubernetes import client
from kubernetes.stream import stream

from checks.check import UnmetError
from checks.cluster import POD, Cluster, Kind, Object
from checks.wait import until

IMAGE: Final = os.environ.get("CAIRN_CHECK_IMAGE", "docker.io/library/debian:trixie-slim")
"""What the pods run: a shell and Python. Elsewhere than in the sandbox, any image with both, such as python:3-slim."""

SERVICE_ACCOUNT: Final = Kind("v1", "ServiceAccount")

PROBES: Final = Path(__file__).parent / "probes"


@dataclass(frozen=True)
class Answer:
    """What a command in a pod gave."""

    status: int
    output: str
    """Its standard output and errors, in the order in which they came."""


def probe(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our probes (checks/probes) in a pod that has Python."""
    return ["python3", "-c", (PROBES / f"{name}.py").read_text(), *arguments]


def manifest(namespace: str, name: str, command: Sequence[str], **more: Any) -> Object:
    """A pod under the restricted pod security standard; `more` goes into its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "fsGroup": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "main",
                    "image": IMAGE,
                    "command": list(command),
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
                    **more.pop("container", {}),
                }
            ],
            **more,
        },
    }


def start(cluster: Cluster, *pods: Object) -> None:
    """Make pods and wait until all are ready."""
    namespace = pods[0]["metadata"]["namespace"]
    # Pods are refused until the controller manager has made it, which takes longer where that was just restarted.
    until(
        f"namespace {namespace} to have its service account",
        cluster.watch(SERVICE_ACCOUNT, namespace, "default"),
        lambda found: "" if found else "there is none yet",
        "kubectl -n kube-system logs -l component=kube-controller-manager",
    )
    for pod in pods:
        cluster.apply(pod)
    names = {pod["metadata"]["name"] for pod in pods}
    until(
        f"pods {', '.join(sorted(names))} in {namespace} to be ready",
        cluster.watch(POD, namespace),
        lambda seen: "; ".join(filter(None, (not_ready(name, seen) for name in sorted(names)))),
        f"kubectl -n {namespace} describe pods",
    )


def idle(cluster: Cluster, namespace: str, *names: str) -> None:
    """Pods that do nothing but wait for commands."""
    start(cluster, *(manifest(namespace, name, ["sleep", "infinity"]) for name in names))


def not_ready(name: str, pods: Sequence[Object]) -> str:
    """Why the pod of this name is not ready; nothing when it is."""
    for pod in pods:
        if pod["metadata"]["name"] == name:
            return unready(pod)
    return f"pod {name} is not there"


def unready(pod: Object) -> str:
    """Why a pod is not ready; nothing when it is."""
    name = pod["metadata"]["name"]
    status = pod.get("status", {})
    if "deletionTimestamp" in pod["metadata"]:
        return f"pod {name} is going away"
    for condition in status.get("conditions") or []:
        if condition["type"] == "Ready" and condition["status"] == "True":
            return ""
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = container.get("state", {}).get("waiting")
        if waiting:
            return f"pod {name}: {waiting.get('reason')} {waiting.get('message', '')}".strip()
    return f"pod {name} is {status.get('phase', 'unknown')}, not ready"


def execute(cluster: Cluster, namespace: str, name: str, command: Sequence[str], seconds: float = 20) -> Answer:
    """Run a command in a pod's first container and wait for its end."""
    # A client of its own: during the call, `stream` replaces the client's transport, which others are using.
    api = client.CoreV1Api(client.ApiClient(cluster.api.configuration))
    running = stream(
        api.connect_get_namespaced_pod_exec,
        name,
        namespace,
        command=list(command),
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    running.run_forever(timeout=min(seconds, max(1.0, cluster.deadline.left())))
    if running.is_open():
        running.close()
        raise UnmetError(f"a command in pod {name} to end within {seconds:.0f} s", "it is still running")
    return Answer(int(running.returncode or 0), str(running.read_all()))


def probed(cluster: Cluster, namespace: str, name: str, script: str, *arguments: str) -> str:
    """What one of our probes printed in a pod; a probe tells of failures in words, so it always ends well."""
    answer = execute(cluster, namespace, name, probe(script, *arguments))
    if answer.status:
        raise UnmetError(
            f"probe {script} to run in pod {namespace}/{name}", f"status {answer.status}: {answer.output[-300:]}"
        )
    return answer.output.strip()
