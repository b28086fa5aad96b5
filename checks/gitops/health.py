"""gitops.health: an Application is as healthy as the custom resources in it say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from checks.check import Check, Competency, UnmetError
from checks.cluster import Cluster, Kind, Object
from checks.gitops import applications
from checks.gitops.part import Files, Part, part
from checks.wait import until

PROBE = Kind("checks.cairn.dev/v1alpha1", "HealthProbe")
NAME = "licence"


def _probe(ours: Part) -> Files:
    metadata = {"name": NAME, "namespace": ours.name}
    spec = {"subject": "the licence that the check made up"}
    body = {"apiVersion": PROBE.api_version, "kind": PROBE.kind, "metadata": metadata, "spec": spec}
    return {"probe.yaml": body, "a.yaml": ours.config_map("a", "beside it")}


@contextmanager
def _watched(cluster: Cluster) -> Iterator[Part]:
    """A part with a custom resource that has said nothing yet."""
    with part(cluster, "gitops.health", _probe) as ours:
        until(
            f"HealthProbe {NAME} to be applied",
            cluster.watch(PROBE, ours.name, NAME),
            lambda found: "" if found else "it is not there",
            applications.look(ours.name),
        )
        yield ours


def _report(ours: Part, ready: str) -> None:
    """Write the condition Ready, as whoever looks after the resource does."""
    condition: Object = {
        "type": "Ready",
        "status": ready,
        "reason": "Checked",
        "message": f"the check says {ready}",
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    ours.cluster.patch_status(PROBE, NAME, {"status": {"conditions": [condition]}}, ours.name)


def _becomes(ours: Part, health: str) -> float:
    """Wait until the Application has this health; gives the seconds that it took."""
    began = time.monotonic()

    def lacking(found: list[Object]) -> str:
        if not found:
            return "there is no Application"
        seen = found[0].get("status", {}).get("health", {}).get("status", "unknown")
        return "" if seen == health else f"it is {seen}{applications.problem(found[0], ': ')}"

    until(
        f"Application {ours.name} to be {health}",
        ours.cluster.watch(applications.APPLICATION, applications.NAMESPACE, ours.name),
        lacking,
        applications.look(ours.name),
    )
    return time.monotonic() - began


def failure_shows(cluster: Cluster) -> str:
    """A custom resource that was well and reports failure makes its Application Degraded."""
    with _watched(cluster) as ours:
        _report(ours, "True")
        _becomes(ours, "Healthy")
        _report(ours, "False")
        seconds = _becomes(ours, "Degraded")
        root = cluster.need(applications.APPLICATION, applications.ROOT, applications.NAMESPACE)
        if root["status"]["sync"]["status"] != "Synced":
            raise UnmetError("the root to stay Synced beside a Degraded part", applications.unsettled(root))
        return f"Degraded {seconds:.1f} s after its custom resource reported failure"


def silence_is_not_health(cluster: Cluster) -> str:
    """One that has said nothing is not taken for well; it is Healthy once its resource says so."""
    with _watched(cluster) as ours:
        _becomes(ours, "Progressing")
        _report(ours, "True")
        seconds = _becomes(ours, "Healthy")
        return f"Progressing while its custom resource says nothing, Healthy {seconds:.1f} s after it did"


CHECK = Check(
    "gitops.health",
    "A custom resource that reports failure makes its Application Degraded, one that is well does not.",
    Competency.GITOPS,
    failure_shows,
    silence_is_not_health,
    deadline=120,
)
