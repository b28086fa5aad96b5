"""What a fault must not touch: an object in the API, a pod that runs, a commit in Git."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests
import urllib3
from kubernetes import client

from checks.check import UnmetError
from checks.cluster import CONFIG_MAP, POD, Cluster, Object
from checks.gitops.repository import Repository
from checks.pods import idle
from checks.wait import polled, until


def answers(cluster: Cluster) -> None:
    """Wait until the API server says that it is ready."""

    def asked() -> str:
        try:
            return cluster.text("/readyz")
        except (urllib3.exceptions.HTTPError, client.ApiException, OSError) as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"

    until(
        "the API server to be ready",
        polled(asked, cluster.deadline),
        lambda seen: "" if seen == "ok" else seen,
        f"{cluster.access.home}/logs; crictl ps -a",
    )


@dataclass(frozen=True)
class Witness:
    """A namespace with an object and a running pod, as they were before the fault."""

    cluster: Cluster
    namespace: str
    marker: Object
    container: str
    """The container's id: it changes when the container is restarted."""

    def works(self) -> None:
        """Wait until the cluster does all of its work again: it stores an object, schedules a pod and runs it."""
        answers(self.cluster)
        until(
            "the API server to know every kind again, and the namespace's service account to be usable",
            polled(self._started, self.cluster.deadline),
            lambda problem: problem,
            f"kubectl -n {self.namespace} describe pods",
        )

    def kept(self) -> None:
        """The object is as it was stored; the pod was not restarted."""
        now = self.cluster.need(CONFIG_MAP, "marker", self.namespace)
        for what, before, after in (
            ("content", self.marker["data"], now["data"]),
            ("uid", self.marker["metadata"]["uid"], now["metadata"]["uid"]),
            ("version", self.marker["metadata"]["resourceVersion"], now["metadata"]["resourceVersion"]),
        ):
            if before != after:
                raise UnmetError(f"an object stored before the fault to keep its {what} {before!r}", repr(after))
        container = _container(self.cluster, self.namespace)
        if container != self.container:
            raise UnmetError("a running pod not to be restarted by the fault", f"{self.container} became {container}")

    def _started(self) -> str:
        try:
            idle(self.cluster, self.namespace, f"after-{secrets.token_hex(2)}")
        except (urllib3.exceptions.HTTPError, client.ApiException) as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return ""


@contextmanager
def witness(cluster: Cluster, check_id: str) -> Iterator[Witness]:
    """Something to lose."""
    with cluster.namespace(check_id) as namespace:
        idle(cluster, namespace, "witness")
        metadata = {"name": "marker", "namespace": namespace}
        value = secrets.token_hex(8)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}
        marker = cluster.apply(body)
        try:
            yield Witness(cluster, namespace, marker, _container(cluster, namespace))
        finally:
            # The namespace can only be removed by an API server that answers.
            answers(cluster.within(120))


def _container(cluster: Cluster, namespace: str) -> str:
    return str(cluster.need(POD, "witness", namespace)["status"]["containerStatuses"][0]["containerID"])


def serves_commit(cluster: Cluster, repository: Repository, commit: str) -> None:
    """Wait until the Git server answers and has the commit."""

    def asked() -> str:
        try:
            return "" if repository.has(commit) else f"the Git server answers, without commit {commit[:8]}"
        except requests.RequestException as error:
            return f"{type(error).__name__}: {error}"

    until(
        f"the Git server to serve commit {commit[:8]}, made before the fault",
        polled(asked, cluster.deadline),
        lambda problem: problem,
        "kubectl -n gitea describe pods; kubectl -n gitea logs deploy/gitea",
    )
