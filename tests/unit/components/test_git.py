"""The Git server: who reaches it, what it is told, how its administrator is made.

Matrix: host checked · policy · volume (class given or not) · probes · settings of app.ini · administrator's password ·
webhooks allowed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.git import Git, GitArgs, configuration, workload
from tests.unit.components.recording import Graph, plain, record

ARGS = GitArgs(
    image="docker.gitea.com/gitea:1-rootless",
    host="git.idp.example.org",
    ingress_class="traefik",
    webhook_hosts=["*.argocd.svc.cluster.local"],
    client_namespaces=["argocd", "ingress"],
)


def graph_of(args: GitArgs = ARGS) -> Graph:
    return record(lambda: Git("git", args))


def deployment(graph: Graph) -> dict[str, Any]:
    spec: dict[str, Any] = plain(graph.named("git-deployment").inputs)["spec"]
    return spec


def test_a_host_without_a_dot_is_refused() -> None:
    with pytest.raises(ValueError, match=r"git\.host: expected a DNS name, got 'git'"):
        replace(ARGS, host="git")


def test_only_its_clients_reach_it() -> None:
    spec = plain(graph_of().named("git-policy").inputs)["spec"]
    assert spec["podSelector"] == {}, "every pod of the namespace is closed"
    (rule,) = spec["ingress"]
    clients = [each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in rule["from"]]
    assert clients == ["argocd", "ingress"], "but for those that are named"
    assert [each["port"] for each in rule["ports"]] == [3000], "on one port"


def test_the_policy_is_there_before_the_pod() -> None:
    graph = graph_of()
    assert graph.named("git-policy").urn in graph.named("git-deployment").depends_on


@pytest.mark.parametrize(("given", "expected"), [("", None), ("fast", "fast")])
def test_the_volume_s_class(given: str, expected: str | None) -> None:
    spec = plain(graph_of(replace(ARGS, storage_class=given, storage_size="9Gi")).named("git-data").inputs)["spec"]
    assert spec.get("storageClassName") == expected, "an empty class would be none at all, not the default"
    assert spec["resources"]["requests"]["storage"] == "9Gi"


def test_one_writer_of_the_volume() -> None:
    spec = deployment(graph_of())
    assert spec["replicas"] == 1 and spec["strategy"]["type"] == "Recreate", "never two pods on one database"


def test_it_serves_only_when_it_answers() -> None:
    (container,) = deployment(graph_of())["template"]["spec"]["containers"]
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert probes["readinessProbe"] == "/api/healthz", "the hand-over waits for this"
    assert {"startupProbe", "livenessProbe"} <= set(probes)


def test_passwords_reach_it_by_secrets_only() -> None:
    pod = deployment(graph_of())["template"]["spec"]
    for container in (*pod["initContainers"], *pod["containers"]):
        values = {each["name"] for each in container["env"] if "value" in each}
        assert not {name for name in values if any(word in name for word in ("PASSWORD", "SECRET", "TOKEN"))}
    assert "$ADMIN_PASSWORD" in workload.ADMINISTRATOR_SCRIPT, "the administrator's comes from the environment"
    assert pod["automountServiceAccountToken"] is False, "and the cluster gives it none"


def test_keys_outlive_the_pod() -> None:
    keys = graph_of().named("git-keys")
    assert set(plain(keys.inputs)["stringData"]) == {
        "GITEA__security__SECRET_KEY",
        "GITEA__security__INTERNAL_TOKEN",
        "GITEA__oauth2__JWT_SECRET",
    }, "what it has encrypted can be read after a restart"


def test_settings() -> None:
    settings = configuration("http://gitea.gitea.svc.cluster.local:3000", ARGS)
    assert settings["server__ROOT_URL"] == "http://gitea.gitea.svc.cluster.local:3000/", "the address in webhooks"
    assert settings["security__INSTALL_LOCK"] == "true", "nobody else sets it up"
    assert settings["service__DISABLE_REGISTRATION"] == "true", "nobody signs up"
    assert settings["service__REQUIRE_SIGNIN_VIEW"] == "true", "nobody looks in without an account"
    assert settings["webhook__ALLOWED_HOST_LIST"] == "*.argocd.svc.cluster.local", "webhooks go there and nowhere else"
