"""gitops.root-synced: the whole platform is what Git's HEAD says."""

from __future__ import annotations

from checks.check import Check, Competency, UnmetError
from checks.cluster import Cluster, Object
from checks.gitops import applications
from checks.gitops.part import Files, Part, part
from checks.gitops.repository import WRITING, Repository
from checks.wait import until

CHECK_PREFIX = "check-"
"""Parts that other checks have put into Git, some of them broken on purpose."""


def at_head(cluster: Cluster) -> str:
    """Every folder of gitops/parts has its Application, and all are Synced and Healthy at HEAD."""
    repository = Repository.of(cluster)
    with WRITING:
        head = repository.head()
        parts = [name for name in repository.folders(applications.PARTS) if not name.startswith(CHECK_PREFIX)]
        names = [applications.ROOT, *parts]
        there = [one["metadata"]["name"] for one in cluster.all(applications.APPLICATION, applications.NAMESPACE)]
        applications.refresh(cluster, [name for name in names if name in there])
        until(
            f"{applications.ROOT} and {len(parts)} parts Synced and Healthy at {head[:8]}",
            cluster.watch(applications.APPLICATION, applications.NAMESPACE),
            lambda seen: "; ".join(filter(None, (_lacking(seen, name, head) for name in names))),
            f"kubectl -n {applications.NAMESPACE} get applications",
        )
    return f"{applications.ROOT} and its parts {', '.join(parts)} Synced and Healthy at {head[:8]}"


def _lacking(seen: list[Object], name: str, head: str) -> str:
    application = applications.find(seen, name)
    return applications.unsettled(application, head) if application else f"there is no Application {name}"


def broken_shows(cluster: Cluster) -> str:
    """A part that cannot be read is not called Synced, says why, and leaves the root as it was."""
    with part(cluster, "gitops.root-synced", _broken) as ours:
        found = until(
            "the broken part to be reported",
            cluster.watch(applications.APPLICATION, applications.NAMESPACE, ours.name),
            lambda seen: "" if seen and applications.problem(seen[0]) else "its Application reports no problem",
            applications.look(ours.name),
        )[0]
        if found["status"].get("sync", {}).get("status") == "Synced":
            raise UnmetError("a part that cannot be read not to be Synced", "Synced", applications.look(ours.name))
        root = cluster.need(applications.APPLICATION, applications.ROOT, applications.NAMESPACE)
        if root["status"]["sync"]["status"] != "Synced":
            raise UnmetError("the root to stay Synced beside a broken part", applications.unsettled(root))
        return f"a part that cannot be read: {applications.problem(found)[:120]}"


def _broken(ours: Part) -> Files:
    # Not even YAML. Something that only the API server refuses would be tried again and again, and Argo CD lets no
    # Application go while it does so.
    return {"broken.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {ours.name}\n"}


CHECK = Check(
    "gitops.root-synced",
    "The root and every part of the platform are Synced and Healthy at Git's HEAD.",
    Competency.GITOPS,
    at_head,
    broken_shows,
    deadline=120,
)
