"""network.metrics: the metrics API serves numbers, and none for what is not there."""

from __future__ import annotations

from kubernetes import client

from checks.check import Check, Competency, UnmetError
from checks.cluster import NODE, Cluster
from checks.wait import polled, until


def metrics_served(cluster: Cluster) -> str:
    """The metrics API has numbers for every node and for a pod in each of the platform's namespaces."""
    names = {node["metadata"]["name"] for node in cluster.all(NODE)}
    measured = until(
        f"metrics of the nodes {', '.join(sorted(names))}",
        polled(lambda: cluster.raw("/apis/metrics.k8s.io/v1beta1/nodes")["items"], cluster.deadline),
        lambda items: ", ".join(sorted(names - {item["metadata"]["name"] for item in items if item["usage"]})),
        "kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes; kubectl -n kube-system logs deploy/metrics-server",
    )
    pods = cluster.raw("/apis/metrics.k8s.io/v1beta1/namespaces/kube-system/pods")["items"]
    if not any(container["usage"].get("memory") for pod in pods for container in pod["containers"]):
        raise UnmetError("memory of the pods in kube-system", f"{len(pods)} pods, none with a number")
    usage = measured[0]["usage"]
    return f"{len(measured)} node ({usage['cpu']} CPU, {usage['memory']}), {len(pods)} pods in kube-system"


def metrics_of_nothing(cluster: Cluster) -> str:
    """A pod that is not there has no metrics, rather than zeros."""
    try:
        seen = cluster.raw("/apis/metrics.k8s.io/v1beta1/namespaces/kube-system/pods/no-such-pod")
    except client.ApiException as error:
        if error.status == 404:
            return "an unknown pod: 404"
        raise
    raise UnmetError("404 for a pod that is not there", str(seen))


CHECK = Check(
    "network.metrics",
    "CPU and memory of nodes and pods are served by the metrics API.",
    Competency.MONITORING,
    metrics_served,
    metrics_of_nothing,
    deadline=90,
)
