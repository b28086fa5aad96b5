"""What a managed cluster comes with and kubeadm leaves out: NetworkPolicy, volumes, metrics; and the domain in DNS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from components.upstream import Upstreams
from sandbox.node.kubernetes import Cluster
from sandbox.paths import Paths
from sandbox.process import run

FOLDER = Path(__file__).parent / "addons"

ROLLOUT_TIMEOUT = "180s"
"""How long an add-on may take to be ready; with images at hand each takes a few seconds."""

# metrics-server is not waited for: it says that it is ready 20 s after its start, and nothing installed next needs it.
WORKLOADS = [
    ("kube-system", "daemonset/kube-proxy"),
    ("kube-system", "daemonset/kube-router"),
    ("kube-system", "deployment/coredns"),
    ("local-path-storage", "deployment/local-path-provisioner"),
]

INGRESS_SERVICE = "traefik.ingress.svc.cluster.local"
"""Where names under the domain lead to inside the cluster; on the host they lead to the same pod's host ports."""


def install(cluster: Cluster, upstreams: Upstreams, paths: Paths, domain: str) -> None:
    """Apply all add-ons, then wait for all of them."""
    cluster.apply((FOLDER / "kube-router.yaml").read_text())
    cluster.apply(yaml.safe_dump_all(storage(upstreams, paths.volumes)))
    cluster.apply(metrics(upstreams, paths))
    cluster.apply(dns(domain))
    for namespace, workload in WORKLOADS:
        cluster.kubectl("-n", namespace, "rollout", "status", workload, f"--timeout={ROLLOUT_TIMEOUT}")


def storage(upstreams: Upstreams, volumes: Path) -> list[dict[str, Any]]:
    """The local-path provisioner as published, with our folder, our helper image and its class as the default."""
    documents = upstreams["local-path-provisioner"].documents()
    for document in documents:
        if document["kind"] == "StorageClass":
            document["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
        if document["kind"] == "ConfigMap":
            nodes = [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(volumes)]}]
            document["data"]["config.json"] = json.dumps({"nodePathMap": nodes})
            helper = yaml.safe_load(document["data"]["helperPod.yaml"])
            # Upstream's is `busybox` without a tag; the script needs no more than a shell.
            helper["spec"]["containers"][0]["image"] = upstreams["debian"].image()
            document["data"]["helperPod.yaml"] = yaml.safe_dump(helper)
    return documents


def metrics(upstreams: Upstreams, paths: Paths) -> str:
    """metrics-server's chart, verifying the kubelet by the certificate that the cluster signed for it."""
    values = {
        "image": {"tag": upstreams["metrics-server"].version},
        "defaultArgs": [
            "--cert-dir=/tmp",
            "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
            "--kubelet-use-node-status-port",
            # As upstream has it.
            "--metric-resolution=15s",
            "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        ],
    }
    chart = upstreams["metrics-server"].chart_reference()
    template: list[str | Path] = [
        paths.bin / "helm",
        "template",
        "metrics-server",
        chart,
        "--namespace=kube-system",
        "--values=-",
    ]
    return run([*template, "--skip-tests"], stdin=yaml.safe_dump(values))


def dns(domain: str) -> str:
    """CoreDNS's Corefile as kubeadm writes it, with the domain's names led to the ingress."""
    pattern = domain.replace(".", "\\.")
    corefile = f"""\
.:53 {{
    errors
    health {{
       lameduck 5s
    }}
    ready
    rewrite stop {{
       name regex (.*\\.)?{pattern}\\. {INGRESS_SERVICE}. answer auto
    }}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }}
    prometheus :9153
    forward . /etc/resolv.conf {{
       max_concurrent 1000
    }}
    cache 30 {{
       disable success cluster.local
       disable denial cluster.local
    }}
    loop
    reload 5s
    loadbalance
}}
"""
    metadata = {"name": "coredns", "namespace": "kube-system"}
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"Corefile": corefile}}
    )
