"""fault.gitea and fault.argocd-*: the platform's parts, their pods killed one at a time."""

from __future__ import annotations

import time
from functools import partial

from checks.check import Check, Competency, UnmetError
from checks.cluster import CONFIG_MAP, POD, Cluster, Kind, Object
from checks.faults.witness import serves_commit
from checks.gitops import applications
from checks.gitops.part import part
from checks.gitops.repository import Repository
from checks.pods import unready
from checks.wait import until

DEPLOYMENT = Kind("apps/v1", "Deployment")
STATEFUL_SET = Kind("apps/v1", "StatefulSet")

ARGOCD = (
    (STATEFUL_SET, "argocd-application-controller"),
    (DEPLOYMENT, "argocd-applicationset-controller"),
    (DEPLOYMENT, "argocd-notifications-controller"),
    (DEPLOYMENT, "argocd-redis"),
    (DEPLOYMENT, "argocd-repo-server"),
    (DEPLOYMENT, "argocd-server"),
)


def kill_pods(cluster: Cluster, kind: Kind, name: str, namespace: str) -> float:
    """End all pods of a workload at once and without notice; wait for others; gives the seconds that it took."""
    workload = cluster.need(kind, name, namespace)
    labels = workload["spec"]["selector"]["matchLabels"]
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    wanted = workload["spec"].get("replicas", 1)
    killed = {pod["metadata"]["uid"] for pod in cluster.all(POD, namespace, selector)}
    if not killed:
        raise UnmetError(f"a pod of {kind.kind} {namespace}/{name} to kill", "there is none")
    began = time.monotonic()
    for pod in cluster.all(POD, namespace, selector):
        cluster.delete(POD, pod["metadata"]["name"], namespace, grace=0)

    def lacking(pods: list[Object]) -> str:
        new = [pod for pod in pods if pod["metadata"]["uid"] not in killed]
        problems = [problem for pod in new if (problem := unready(pod))]
        return "; ".join(problems) or ("" if len(new) >= wanted else f"{len(new)} of {wanted} pods are there")

    until(
        f"{kind.kind} {namespace}/{name} to have other pods that are ready",
        cluster.watch(POD, namespace, selector=selector),
        lacking,
        f"kubectl -n {namespace} describe pods -l {selector}",
    )
    return time.monotonic() - began


def gitea_recovers(cluster: Cluster) -> str:
    """The Git server comes back with the last commit, and takes another that is applied."""
    with part(cluster, "fault.gitea", lambda ours: {"a.yaml": ours.config_map("a", "before")}) as ours:
        commit = ours.commit({"a.yaml": ours.config_map("a", "just before")}, "just before the fault")
        seconds = kill_pods(cluster, DEPLOYMENT, "gitea", "gitea")
        serves_commit(cluster, ours.repository, commit)
        ours.commit({"a.yaml": ours.config_map("a", "after")}, "after the fault")
        ours.has("a", "after")
        return f"ready again in {seconds:.1f} s with its last commit; a push after that was applied"


def gitea_loses_nothing(cluster: Cluster) -> str:
    """Without the Git server what runs stays, and neither history nor a branch is lost."""
    repository = Repository.of(cluster)
    with part(cluster, "fault.gitea", lambda ours: {"a.yaml": ours.config_map("a", "kept")}) as ours:
        uid = ours.has("a", "kept")["metadata"]["uid"]
        commit = ours.commit({"b.yaml": ours.config_map("b", "branch")}, "on a branch", branch=ours.name)
        try:
            head = repository.head()
            kill_pods(cluster, DEPLOYMENT, "gitea", "gitea")
            serves_commit(cluster, repository, commit)
            for branch, before in ((ours.name, commit), ("main", head)):
                if (after := repository.head(branch)) != before:
                    raise UnmetError(f"branch {branch} to stay at {before[:8]}", after[:8])
        finally:
            repository.drop(ours.name)
        now = cluster.need(CONFIG_MAP, "a", ours.name)["metadata"]["uid"]
        if now != uid:
            raise UnmetError("what was applied to stay while Git is away", "it was deleted and made again")
        return "main and a branch stand where they stood; what was applied stayed"


def argocd_recovers(kind: Kind, name: str, cluster: Cluster) -> str:
    """Killed, it is replaced; a push made meanwhile is applied."""
    with part(cluster, f"fault.{name}", lambda ours: {"a.yaml": ours.config_map("a", "before")}) as ours:
        ours.has("a", "before")
        ours.commit({"a.yaml": ours.config_map("a", "meanwhile")}, "while a part of Argo CD is away")
        began = time.monotonic()
        seconds = kill_pods(cluster, kind, name, applications.NAMESPACE)
        ours.has("a", "meanwhile")
        applied = time.monotonic() - began
        return f"ready again in {seconds:.1f} s; a push made meanwhile was applied after {applied:.1f} s"


def argocd_loses_nothing(kind: Kind, name: str, cluster: Cluster) -> str:
    """Its Applications are the same as before, and nothing that they applied was touched."""
    with part(cluster, f"fault.{name}", lambda ours: {"a.yaml": ours.config_map("a", "kept")}) as ours:
        applied = ours.has("a", "kept")["metadata"]
        before = _applications(cluster)
        kill_pods(cluster, kind, name, applications.NAMESPACE)
        ours.commit({"b.yaml": ours.config_map("b", "after")}, "after the fault")
        ours.has("b", "after")
        if missing := before - _applications(cluster):
            raise UnmetError("every Application to stay the same object", f"gone or made again: {sorted(missing)}")
        now = cluster.need(CONFIG_MAP, "a", ours.name)["metadata"]
        for key in ("uid", "resourceVersion"):
            if now[key] != applied[key]:
                raise UnmetError("what was applied not to be touched", f"its {key} changed")
        return f"{len(before)} Applications are the same as before, what they applied was not touched"


def _applications(cluster: Cluster) -> set[tuple[str, str]]:
    found = cluster.all(applications.APPLICATION, applications.NAMESPACE)
    return {(one["metadata"]["name"], one["metadata"]["uid"]) for one in found}


CHECKS = (
    Check(
        "fault.gitea",
        "When the Git server dies, it comes back with every commit; what runs stays.",
        Competency.INCIDENTS,
        gitea_recovers,
        gitea_loses_nothing,
        deadline=180,
        disruptive=True,
    ),
    *(
        Check(
            f"fault.{name}",
            f"When {name} dies, it is replaced; pushes made meanwhile are applied and nothing is lost.",
            Competency.INCIDENTS,
            partial(argocd_recovers, kind, name),
            partial(argocd_loses_nothing, kind, name),
            # A webhook that nobody heard is made good by the periodic look at Git.
            deadline=240,
            disruptive=True,
        )
        for kind, name in ARGOCD
    ),
)
