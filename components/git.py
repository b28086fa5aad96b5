"""The Git server: Gitea on one volume with SQLite, which a team's worth of repositories does not outgrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace, PersistentVolumeClaim, Secret, Service
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.exposure import Exposure
from components.passwords import GeneratedPassword

NAMESPACE = "gitea"
PORT = 3000
ADMINISTRATOR = "gitea-admin"
DATA = "/var/lib/gitea"
LABELS = {"app.kubernetes.io/name": "gitea", "app.kubernetes.io/part-of": "cairn"}
SELECTOR = {"app.kubernetes.io/name": "gitea"}

# The command takes the password only as an argument: it is seen in this container's own process list, by nobody
# else. Gitea's table has no "create unless there"; both ways end with the password of the Secret in force.
ADMINISTRATOR_SCRIPT = """
gitea migrate
if gitea admin user list --admin | awk -v name="$ADMIN_USERNAME" '$2 == name {found = 1} END {exit !found}'; then
  gitea admin user change-password --must-change-password=false \
    --username "$ADMIN_USERNAME" --password "$ADMIN_PASSWORD"
else
  gitea admin user create --admin --must-change-password=false --email "$ADMIN_USERNAME@localhost.invalid" \
    --username "$ADMIN_USERNAME" --password "$ADMIN_PASSWORD"
fi
"""


@dataclass(frozen=True, kw_only=True)
class GitArgs:
    """What a caller decides; the rest is the platform's decision."""

    image: str
    """Full reference of Gitea's rootless image."""
    host: str
    """DNS name that it is served on."""
    ingress_class: str
    """IngressClass that serves it."""
    webhook_hosts: Sequence[str]
    """Names that repositories may send webhooks to; every other is refused."""
    client_namespaces: Sequence[str]
    """Namespaces whose pods may open connections to it."""
    storage_size: str = "5Gi"
    """Size of its volume."""
    storage_class: str = ""
    """The cluster's default when empty."""

    def __post_init__(self) -> None:
        if "." not in self.host:
            raise ValueError(f"git.host: expected a DNS name, got {self.host!r}")


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
        deployment = self._deployment(
            name, args, ResourceOptions(parent=self, depends_on=[admin, keys, volume, policy])
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

    def _deployment(self, name: str, args: GitArgs, opts: ResourceOptions) -> Deployment:
        environment = [
            *(
                {"name": f"GITEA__{key}", "value": value}
                for key, value in configuration(self.internal_url, args).items()
            ),
            *(
                {"name": f"ADMIN_{key.upper()}", "value_from": {"secret_key_ref": {"name": "gitea-admin", "key": key}}}
                for key in ("username", "password")
            ),
        ]
        container = {
            "image": args.image,
            "env": environment,
            "env_from": [{"secret_ref": {"name": "gitea-keys"}}],
            "resources": {"requests": {"cpu": "50m", "memory": "192Mi"}, "limits": {"memory": "1Gi"}},
            "security_context": {
                "allow_privilege_escalation": False,
                "read_only_root_filesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volume_mounts": [
                {"name": "data", "mount_path": DATA},
                {"name": "config", "mount_path": "/etc/gitea"},
                {"name": "tmp", "mount_path": "/tmp"},
            ],
        }
        return Deployment(
            f"{name}-deployment",
            metadata={"name": "gitea", "namespace": NAMESPACE, "labels": LABELS},
            spec={
                "replicas": 1,
                "selector": {"match_labels": SELECTOR},
                # SQLite and the search index have one writer.
                "strategy": {"type": "Recreate"},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": {
                        "automount_service_account_token": False,
                        "enable_service_links": False,
                        "security_context": {
                            "run_as_non_root": True,
                            "run_as_user": 1000,
                            "run_as_group": 1000,
                            "fs_group": 1000,
                            "fs_group_change_policy": "OnRootMismatch",
                            "seccomp_profile": {"type": "RuntimeDefault"},
                        },
                        "init_containers": [
                            {**container, "name": "administrator", "args": ["sh", "-euc", ADMINISTRATOR_SCRIPT]}
                        ],
                        "containers": [
                            {
                                **container,
                                "name": "gitea",
                                "ports": [{"name": "http", "container_port": PORT}],
                                "startup_probe": _probe(1, failures=120),
                                "readiness_probe": _probe(5),
                                "liveness_probe": _probe(15, failures=4),
                            }
                        ],
                        "volumes": [
                            {"name": "data", "persistent_volume_claim": {"claim_name": "gitea-data"}},
                            {"name": "config", "empty_dir": {}},
                            {"name": "tmp", "empty_dir": {}},
                        ],
                    },
                },
            },
            opts=opts,
        )


def _probe(period: int, failures: int = 3) -> dict[str, object]:
    """Ask for its health each `period` seconds; after `failures` in a row it is taken for down."""
    return {
        "http_get": {"path": "/api/healthz", "port": "http"},
        "timeout_seconds": 5,
        "period_seconds": period,
        "failure_threshold": failures,
    }


def configuration(internal_url: str, args: GitArgs) -> dict[str, str]:
    """Gitea's app.ini by `section__KEY`, as its image takes it from GITEA__ variables."""
    return {
        # ROOT_URL is what webhooks carry; pages and API answers follow the name that the request came by.
        "server__ROOT_URL": f"{internal_url}/",
        "server__PUBLIC_URL_DETECTION": "auto",
        "server__DOMAIN": args.host,
        "server__HTTP_PORT": str(PORT),
        "server__DISABLE_SSH": "true",
        "server__OFFLINE_MODE": "true",
        "database__DB_TYPE": "sqlite3",
        "database__PATH": f"{DATA}/data/gitea.db",
        "database__SQLITE_JOURNAL_MODE": "WAL",
        "security__INSTALL_LOCK": "true",
        "session__COOKIE_SECURE": "true",
        "service__DISABLE_REGISTRATION": "true",
        "service__REQUIRE_SIGNIN_VIEW": "true",
        "openid__ENABLE_OPENID_SIGNIN": "false",
        "openid__ENABLE_OPENID_SIGNUP": "false",
        "repository__DEFAULT_BRANCH": "main",
        "webhook__ALLOWED_HOST_LIST": ",".join(args.webhook_hosts),
        "actions__ENABLED": "false",
        "log__LEVEL": "info",
    }
