"""What runs: Gitea's configuration, its administrator and its pod."""

from __future__ import annotations

from components.git.arguments import GitArgs

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


def deployment_spec(args: GitArgs, internal_url: str) -> dict[str, object]:
    """One pod, whose first container makes the administrator before the server starts."""
    environment = [
        *({"name": f"GITEA__{key}", "value": value} for key, value in configuration(internal_url, args).items()),
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
    return {
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
    }


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
