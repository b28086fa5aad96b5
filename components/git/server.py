"""The Git server: Gitea on one volume with SQLite, which a team's worth of repositories does not outgrow."""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace, PersistentVolumeClaim, Secret, Service
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.exposure import Exposure
from components.git.arguments import GitArgs
from components.git.workload import ADMINISTRATOR, LABELS, NAMESPACE, PORT, SELECTOR, deployment_spec
from components.passwords import GeneratedPassword


class Git(pulumi.ComponentResource):
    """Gitea with its volume, its administrator and its name."""

    url: Output[str]
    """Where people find it."""
    internal_url: str
    """Where pods find it. Webhooks carry this address too, so that Argo CD knows its repositories in them."""
    admin_password: Output[str]
    """Password of ADMINISTRATOR, a secret; also in the Secret gitea/gitea-admin."""

    def __init__(self, name: str, args: GitArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("cairn:index:Git", name, {"host": args.host}, opts)
        child = ResourceOptions(parent=self)
        self.internal_url = f"http://gitea.{NAMESPACE}.svc.cluster.local:{PORT}"
        namespace = Namespace(f"{name}-namespace", metadata={"name": NAMESPACE, "labels": LABELS}, opts=child)
        inside = ResourceOptions(parent=self, depends_on=[namespace])

        self.admin_password = GeneratedPassword(f"{name}-admin-password", child).value
        admin = Secret(
            f"{name}-admin",
            metadata={"name": "gitea-admin", "namespace": NAMESPACE, "labels": LABELS},
            string_data={"username": ADMINISTRATOR, "password": self.admin_password},
            opts=inside,
        )
        # Given from outside, because a pod that made its own could not read after a restart what it had encrypted.
        keys = Secret(
            f"{name}-keys",
            metadata={"name": "gitea-keys", "namespace": NAMESPACE, "labels": LABELS},
            string_data={
                f"GITEA__{key}": GeneratedPassword(
                    f"{name}-{key.lower().replace('__', '-').replace('_', '-')}", child
                ).value
                for key in ("security__SECRET_KEY", "security__INTERNAL_TOKEN", "oauth2__JWT_SECRET")
            },
            opts=inside,
        )
        volume = PersistentVolumeClaim(
            f"{name}-data",
            metadata={
                "name": "gitea-data",
                "namespace": NAMESPACE,
                "labels": LABELS,
                # A class that binds at first use leaves the claim pending until the pod below is scheduled.
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={
                "access_modes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": args.storage_size}},
                **({"storage_class_name": args.storage_class} if args.storage_class else {}),
            },
            opts=inside,
        )
        policy = self._policy(name, args, inside)
        deployment = Deployment(
            f"{name}-deployment",
            metadata={"name": "gitea", "namespace": NAMESPACE, "labels": LABELS},
            spec=deployment_spec(args, self.internal_url),
            opts=ResourceOptions(parent=self, depends_on=[admin, keys, volume, policy]),
        )
        service = Service(
            f"{name}-service",
            metadata={"name": "gitea", "namespace": NAMESPACE, "labels": LABELS},
            spec={"selector": SELECTOR, "ports": [{"name": "http", "port": PORT, "target_port": "http"}]},
            opts=inside,
        )
        ingress = Exposure(
            host=args.host,
            class_name=args.ingress_class,
            namespace=NAMESPACE,
            service="gitea",
            port="http",
            labels=LABELS,
        ).ingress(f"{name}-ingress", ResourceOptions(parent=self, depends_on=[service]))
        self.url = Output.all(deployment.id, service.id, ingress.id).apply(lambda _: f"https://{args.host}")
        self.register_outputs({"url": self.url})

    def _policy(self, name: str, args: GitArgs, opts: ResourceOptions) -> NetworkPolicy:
        return NetworkPolicy(
            f"{name}-policy",
            metadata={"name": "gitea", "namespace": NAMESPACE, "labels": LABELS},
            spec={
                "pod_selector": {},
                "policy_types": ["Ingress"],
                "ingress": [
                    {
                        "from_": [
                            {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": client}}}
                            for client in args.client_namespaces
                        ],
                        "ports": [{"port": PORT, "protocol": "TCP"}],
                    }
                ],
            },
            opts=opts,
        )
