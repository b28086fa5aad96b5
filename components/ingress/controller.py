"""The ingress: Traefik, with the platform's wildcard certificate for every name that brings none of its own."""

from __future__ import annotations

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Secret, Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import IngressClass
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding

from components.ingress.arguments import IngressArgs
from components.ingress.workload import LABELS, NAME, NAMESPACE, PORTS, READS, SELECTOR, deployment_spec, dynamic


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
