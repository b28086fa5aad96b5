"""network.dns-and-tls: one name and one certificate for each service, from wherever it is used."""

from __future__ import annotations

from functools import partial

import certifi
import requests

from checks.check import Check, Competency, UnmetError
from checks.cluster import Cluster
from checks.pods import manifest, probed, start
from checks.wait import polled, until


def names_verified(cluster: Cluster) -> str:
    """Each name resolves, and its certificate is verified with the installation's CA, on the host and in a pod."""
    names = _names(cluster)
    for name in names:
        until(
            f"https://{name}/ to answer 200 on this host",
            polled(partial(_fetch, name, cluster), cluster.deadline),
            lambda seen: "" if seen == "200" else seen,
            "kubectl -n ingress get pods,ingress -A",
        )
    with cluster.namespace("network.dns-and-tls") as namespace:
        _client_with_authority(cluster, namespace)
        for name in names:
            seen = probed(cluster, namespace, "client", "fetch", name, "/ca/ca.crt")
            if seen != "200":
                raise UnmetError(
                    f"https://{name}/ to answer 200 over verified TLS in a pod", seen, "the ConfigMap of CoreDNS"
                )
    return f"{len(names)} names verified from the host and from a pod"


def names_refused(cluster: Cluster) -> str:
    """Without the CA nothing verifies; an unknown name is nobody's (404)."""
    name, *_ = _names(cluster)
    with cluster.namespace("network.dns-and-tls") as namespace:
        _client_with_authority(cluster, namespace)
        seen = probed(cluster, namespace, "client", "fetch", name)
        if not seen.startswith("unverified"):
            raise UnmetError("a pod that does not know the CA to refuse the certificate", seen)
        unknown = f"nobody.{cluster.access.domain}"
        seen = probed(cluster, namespace, "client", "fetch", unknown, "/ca/ca.crt")
        if seen != "404":
            raise UnmetError(f"https://{unknown}/ to answer 404 in a pod", seen)
    try:
        answer = _answer(name, certifi.where())
    except requests.exceptions.SSLError:
        return "without the CA the certificate is refused; an unknown name: 404"
    raise UnmetError(
        "this host to refuse the certificate without the CA",
        f"it answered {answer.status_code}",
    )


def _names(cluster: Cluster) -> list[str]:
    return [f"{service}.{cluster.access.domain}" for service in ("git", "argocd")]


def _fetch(name: str, cluster: Cluster) -> str:
    try:
        return str(_answer(name, str(cluster.access.authority)).status_code)
    except requests.RequestException as error:
        return f"{type(error).__name__}: {error}"


def _answer(name: str, authorities: str) -> requests.Response:
    with requests.Session() as session:
        # The names are this machine's: a proxy of the caller's does not know them.
        session.trust_env = False
        return session.get(f"https://{name}/", verify=authorities, timeout=10)


def _client_with_authority(cluster: Cluster, namespace: str) -> None:
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "ca", "namespace": namespace},
            "data": {"ca.crt": cluster.access.authority.read_text()},
        }
    )
    volumes = [{"name": "ca", "configMap": {"name": "ca"}}]
    container = {"volumeMounts": [{"name": "ca", "mountPath": "/ca"}]}
    start(cluster, manifest(namespace, "client", ["sleep", "infinity"], volumes=volumes, container=container))


CHECK = Check(
    "network.dns-and-tls",
    "The platform's names resolve and their certificates verify, on the host and in pods, without exceptions.",
    Competency.ARCHITECTURE,
    names_verified,
    names_refused,
    deadline=60,
)
