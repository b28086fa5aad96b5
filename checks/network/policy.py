"""network.policy: a NetworkPolicy is enforced, not only stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from checks.check import Check, Competency, UnmetError
from checks.cluster import POD, Cluster, Object
from checks.pods import manifest, probe, probed, start
from checks.wait import polled, until

PORT = 8080
CONNECT_SECONDS = "2"
"""A connection inside a node takes milliseconds; a policy that drops packets shows as this much silence."""


@contextmanager
def _policed(cluster: Cluster) -> Iterator[str]:
    """A namespace with a server and two clients that both reach it; then a policy lets only `friend` in."""
    with cluster.namespace("network.policy") as namespace:
        server = manifest(namespace, "server", probe("serve", str(PORT)))
        start(cluster, server, *(manifest(namespace, name, ["sleep", "infinity"]) for name in ("friend", "stranger")))
        for name in ("friend", "stranger"):
            before = _reach(cluster, namespace, name)
            if not before.startswith("connected"):
                raise UnmetError("every pod to reach the server before there is a policy", f"{name}: {before}")
        cluster.apply(_policy(namespace))
        yield namespace


def _policy(namespace: str) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "friends-only", "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": {"app": "server"}},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{"podSelector": {"matchLabels": {"app": "friend"}}}],
                    "ports": [{"protocol": "TCP", "port": PORT}],
                }
            ],
        },
    }


def _reach(cluster: Cluster, namespace: str, name: str) -> str:
    server = cluster.need(POD, "server", namespace)["status"]["podIP"]
    return probed(cluster, namespace, name, "connect", server, str(PORT), CONNECT_SECONDS)


def _closed(cluster: Cluster, namespace: str) -> str:
    return until(
        "the policy to keep the stranger out",
        polled(lambda: _reach(cluster, namespace, "stranger"), cluster.deadline),
        lambda seen: "" if seen in {"timeout", "refused"} else f"the stranger's connection: {seen}",
        f"kubectl -n {namespace} describe networkpolicy; the pods of the network policy controller in kube-system",
    )


def policy_admits(cluster: Cluster) -> str:
    """Once the policy is seen to be in force, the friend still connects."""
    with _policed(cluster) as namespace:
        _closed(cluster, namespace)
        seen = _reach(cluster, namespace, "friend")
        if not seen.startswith("connected"):
            raise UnmetError("the allowed pod to connect while the policy is in force", seen)
        return "allowed pod connects while the policy is in force"


def policy_denies(cluster: Cluster) -> str:
    """The stranger connected before, and does not any more."""
    with _policed(cluster) as namespace:
        began = time.monotonic()
        seen = _closed(cluster, namespace)
        return f"other pod connected before, after the policy: {seen} (in force in {time.monotonic() - began:.1f} s)"


CHECK = Check(
    "network.policy",
    "A NetworkPolicy lets in whom it names and keeps out everybody else.",
    Competency.SECURE_TRAFFIC,
    policy_admits,
    policy_denies,
    deadline=90,
)
