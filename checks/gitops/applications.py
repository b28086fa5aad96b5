"""What Argo CD says of its Applications."""

from __future__ import annotations

from collections.abc import Sequence

from checks.cluster import Cluster, Kind, Object

APPLICATION = Kind("argoproj.io/v1alpha1", "Application")
NAMESPACE = "argocd"
ROOT = "platform-root"
PARTS = "gitops/parts"


def find(applications: Sequence[Object], name: str) -> Object | None:
    """The Application of this name."""
    return next((one for one in applications if one["metadata"]["name"] == name), None)


def unsettled(application: Object, revision: str | None = None) -> str:
    """What an Application lacks to be Synced and Healthy (at a commit); nothing when it lacks nothing."""
    status = application.get("status", {})
    sync, health = status.get("sync", {}), status.get("health", {})
    lacks = []
    if sync.get("status") != "Synced":
        lacks.append(f"is {sync.get('status', 'not yet compared')}")
    if health.get("status") != "Healthy":
        lacks.append(f"is {health.get('status', 'of unknown health')}")
    if revision and sync.get("revision") != revision:
        lacks.append(f"is at {str(sync.get('revision', 'no commit'))[:8]}, not {revision[:8]}")
    if not lacks:
        return ""
    return f"{application['metadata']['name']} {' and '.join(lacks)}{problem(application, ': ')}"


def problem(application: Object, before: str = "") -> str:
    """What Argo CD complains about; nothing when it does not."""
    status = application.get("status", {})
    said = [entry["message"] for entry in status.get("conditions") or [] if entry["type"].endswith("Error")]
    operation = status.get("operationState", {})
    if operation.get("phase") in {"Failed", "Error"} or operation.get("retryCount"):
        said.append(operation.get("message", ""))
    return before + "; ".join(said)[:400] if said else ""


def refresh(cluster: Cluster, names: Sequence[str]) -> None:
    """Ask Argo CD to compare these with Git now, as its own Refresh button does."""
    body = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    for name in names:
        cluster.patch(APPLICATION, name, body, NAMESPACE)


def look(name: str) -> str:
    """Where to look when an Application does not do what it should."""
    return f"kubectl -n {NAMESPACE} describe application {name}; logs of argocd-application-controller and -repo-server"
