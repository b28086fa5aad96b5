"""The ingress: Traefik, with the platform's wildcard certificate for every name that brings none of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import yaml
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Secret, Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import IngressClass
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding

NAMESPACE = "ingress"
NAME = "traefik"
SELECTOR = {"app.kubernetes.io/name": NAME}
LABELS = {**SELECTOR, "app.kubernetes.io/part-of": "cairn"}
PORTS = {"web": (8000, 80), "websecure": (8443, 443)}
"""Entry point -> the port that it listens on without privileges, and the one that clients use."""
ADMIN_PORT = 8080
CERTIFICATES = "/certificates"
CONFIGURATION = "/etc/traefik/dynamic"
READS = [
    ("", ["services", "secrets", "nodes"]),
    ("discovery.k8s.io", ["endpointslices"]),
    ("networking.k8s.io", ["ingresses", "ingressclasses"]),
]
"""What Traefik's Ingress provider lists and watches, by API group."""


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """What a caller decides."""

    image: str
    """Full reference of Traefik's image."""
    domain: str
    """Parent of the names that are served; an Ingress reports it as its address where no load balancer has one."""
    certificate: Input[str]
    """PEM of the wildcard certificate with its chain."""
    key: Input[str]
    """PEM of its private key."""
    class_name: str = "traefik"
    service_type: str = "LoadBalancer"
    host_ports: bool = False
    """Bind 80 and 443 of the node."""
    replicas: int = 1


class Ingress(pulumi.ComponentResource):
    """Traefik, its class (the cluster's default) and its certificate."""

    def __init__(self, name: str, args: IngressArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("cairn:index:Ingress", name, {"domain": args.domain}, opts)
        child = ResourceOptions(parent=self)
        namespace = Namespace(
            f"{name}-namespace",
            metadata={
                "name": NAMESPACE,
                # The baseline Pod Security Standard forbids host ports.
                "labels": {
                    **LABELS,
                    "pod-security.kubernetes.io/enforce": "privileged" if args.host_ports else "restricted",
                },
            },
            opts=child,
        )
        inside = ResourceOptions(parent=self, depends_on=[namespace])
        metadata = {"name": NAME, "namespace": NAMESPACE, "labels": LABELS}
        account = ServiceAccount(f"{name}-account", metadata=metadata, opts=inside)
        binding = self._rights(name, account, child)
        certificate = Secret(
            f"{name}-certificate",
            metadata={**metadata, "name": "wildcard"},
            type="kubernetes.io/tls",
            string_data={"tls.crt": args.certificate, "tls.key": args.key},
            opts=inside,
        )
        configuration = ConfigMap(f"{name}-configuration", metadata=metadata, data=dynamic(), opts=inside)
        Service(
            f"{name}-service",
            metadata=metadata,
            spec={
                "type": args.service_type,
                "selector": SELECTOR,
                "ports": [{"name": port, "port": PORTS[port][1], "target_port": port} for port in PORTS],
            },
            opts=inside,
        )
        deployment = Deployment(
            f"{name}-deployment",
            metadata=metadata,
            spec=deployment_spec(args),
            opts=ResourceOptions(parent=self, depends_on=[binding, certificate, configuration]),
        )
        if args.replicas > 1:
            PodDisruptionBudget(
                f"{name}-budget",
                metadata=metadata,
                spec={"max_unavailable": 1, "selector": {"match_labels": SELECTOR}},
                opts=inside,
            )
        IngressClass(
            f"{name}-class",
            metadata={
                "name": args.class_name,
                "labels": LABELS,
                "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
            },
            spec={"controller": "traefik.io/ingress-controller"},
            opts=ResourceOptions(parent=self, depends_on=[deployment]),
        )
        self.register_outputs({"className": args.class_name})

    def _rights(self, name: str, account: ServiceAccount, opts: ResourceOptions) -> ClusterRoleBinding:
        metadata = {"name": f"cairn:{NAME}", "labels": LABELS}
        role = ClusterRole(
            f"{name}-role",
            metadata=metadata,
            rules=[
                *(
                    {"api_groups": [group], "resources": resources, "verbs": ["get", "list", "watch"]}
                    for group, resources in READS
                ),
                {"api_groups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["update"]},
            ],
            opts=opts,
        )
        return ClusterRoleBinding(
            f"{name}-binding",
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"cairn:{NAME}"},
            subjects=[{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
            opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=[role, account])),
        )


def arguments(args: IngressArgs) -> list[str]:
    """Traefik's static configuration."""
    # Argo CD calls an Ingress healthy when it has an address; only a load balancer knows one by itself.
    address = (
        f"publishedservice={NAMESPACE}/{NAME}" if args.service_type == "LoadBalancer" else f"hostname={args.domain}"
    )
    return [
        *(f"--entrypoints.{name}.address=:{listened}" for name, (listened, _) in PORTS.items()),
        f"--entrypoints.traefik.address=:{ADMIN_PORT}",
        # By its number: by its name, people would be sent to the unprivileged port.
        f"--entrypoints.web.http.redirections.entrypoint.to=:{PORTS['websecure'][1]}",
        "--entrypoints.websecure.http.tls=true",
        "--providers.kubernetesingress=true",
        f"--providers.kubernetesingress.ingressclass={args.class_name}",
        f"--providers.kubernetesingress.ingressendpoint.{address}",
        f"--providers.file.directory={CONFIGURATION}",
        "--ping=true",
        "--metrics.prometheus=true",
        "--log.format=json",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]


def dynamic() -> dict[str, str]:
    """The part of Traefik's configuration that it takes from files: its default certificate."""
    pair = {"certFile": f"{CERTIFICATES}/tls.crt", "keyFile": f"{CERTIFICATES}/tls.key"}
    return {"tls.yaml": yaml.safe_dump({"tls": {"stores": {"default": {"defaultCertificate": pair}}}})}


def deployment_spec(args: IngressArgs) -> dict[str, object]:
    """The Deployment's spec: no privileges beyond, in the sandbox, two ports of the node."""
    ports = [
        {"name": name, "container_port": listened, **({"host_port": used} if args.host_ports else {})}
        for name, (listened, used) in PORTS.items()
    ]
    probe: dict[str, object] = {"http_get": {"path": "/ping", "port": "admin"}, "timeout_seconds": 3}
    return {
        "replicas": args.replicas,
        "selector": {"match_labels": SELECTOR},
        # A node's port is free for the new pod only when the old one is gone.
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 0, "max_unavailable": 1}}
        if args.host_ports
        else {"type": "RollingUpdate"},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "service_account_name": NAME,
                "enable_service_links": False,
                "security_context": {
                    "run_as_non_root": True,
                    "run_as_user": 65532,
                    "run_as_group": 65532,
                    "fs_group": 65532,
                    "seccomp_profile": {"type": "RuntimeDefault"},
                },
                "topology_spread_constraints": [
                    {
                        "max_skew": 1,
                        "topology_key": "kubernetes.io/hostname",
                        "when_unsatisfiable": "ScheduleAnyway",
                        "label_selector": {"match_labels": SELECTOR},
                    }
                ],
                "containers": [
                    {
                        "name": NAME,
                        "image": args.image,
                        "args": arguments(args),
                        "ports": [*ports, {"name": "admin", "container_port": ADMIN_PORT}],
                        "startup_probe": {**probe, "period_seconds": 1, "failure_threshold": 60},
                        "readiness_probe": {**probe, "period_seconds": 5},
                        "liveness_probe": {**probe, "period_seconds": 10},
                        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
                        "security_context": {
                            "allow_privilege_escalation": False,
                            "read_only_root_filesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "volume_mounts": [
                            {"name": "certificate", "mount_path": CERTIFICATES, "read_only": True},
                            {"name": "configuration", "mount_path": CONFIGURATION, "read_only": True},
                        ],
                    }
                ],
                "volumes": [
                    {"name": "certificate", "secret": {"secret_name": "wildcard"}},
                    {"name": "configuration", "config_map": {"name": NAME}},
                ],
            },
        },
    }
