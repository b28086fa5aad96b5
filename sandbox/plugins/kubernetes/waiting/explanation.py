"""Why an object is not ready: what its pods and the last events say."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.plugins.kubernetes.cluster import ApiError, Cluster, ClusterError
from sandbox.plugins.kubernetes.values import Tree
from sandbox.plugins.kubernetes.waiting.readiness import condition

EVENTS = 3
PODS = 3


def explain(cluster: Cluster, tree: Tree) -> list[str]:
    """Lines for people; none when nothing is known. Never raises: the failure itself must be told."""
    namespace = tree["metadata"].get("namespace")
    if not namespace:
        return [line for c in (tree.get("status") or {}).get("conditions") or [] if (line := _condition(c))]
    try:
        return [*_pods(cluster, tree, namespace), *_events(cluster, tree, namespace)]
    except (ApiError, ClusterError):
        return []


def _pods(cluster: Cluster, tree: Tree, namespace: str) -> Iterator[str]:
    if tree.get("kind") == "Pod":
        pods = [tree]
    else:
        selector = ((tree.get("spec") or {}).get("selector") or {}).get("matchLabels")
        if not selector:
            return
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        pods = (
            cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods", query={"labelSelector": labels}).get("items")
            or []
        )
        if not pods:
            yield "it has no pods"
    told = 0
    for pod in pods:
        for line in _pod(pod):
            if told < PODS:
                yield f"Pod {pod['metadata']['name']}: {line}"
            told += 1


def _pod(pod: Tree) -> Iterator[str]:
    status = pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield f"{scheduled.get('reason')}: {scheduled.get('message')}"
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state, last = container.get("state") or {}, (container.get("lastState") or {}).get("terminated")
        waiting = state.get("waiting")
        ended = state.get("terminated") or (last if waiting else None)
        if waiting:
            yield f"container {container['name']} waits: {_reason(waiting)}"
        if ended and ended.get("exitCode"):
            yield f"container {container['name']} ended with status {ended['exitCode']}: {_reason(ended)}"
        if not waiting and not ended and not container.get("ready") and "running" in state:
            yield f"container {container['name']} runs but is not ready"


def _events(cluster: Cluster, tree: Tree, namespace: str) -> Iterator[str]:
    name = tree["metadata"]["name"]
    listed = cluster.request("GET", f"/api/v1/namespaces/{namespace}/events", query={"fieldSelector": "type=Warning"})
    # Its ReplicaSets and pods have names that begin with its own.
    own = [e for e in listed.get("items") or [] if str(e["involvedObject"].get("name", "")).startswith(name)]
    own.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    for event in own[-EVENTS:]:
        yield f"event on {event['involvedObject'].get('kind')} {event['involvedObject'].get('name')}: {_reason(event)}"


def _condition(found: Tree) -> str | None:
    good = found.get("status") == "True"
    return None if good else f"condition {found.get('type')} is {found.get('status')}: {_reason(found)}"


def _reason(found: Tree) -> str:
    return ": ".join(str(found[key]) for key in ("reason", "message") if found.get(key)) or "no reason given"
