"""The ingress: ports, privileges, certificate, addresses of Ingress objects.

Matrix: load balancer · node's ports · ClusterIP · replicas; each way to publish an address.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.ingress import CERTIFICATES, READS, Ingress, IngressArgs, command_line, deployment_spec, dynamic
from tests.unit.components.recording import plain, record


def args(**given: Any) -> IngressArgs:
    defaults = {"image": "traefik:v3", "domain": "idp.example.org", "certificate": "pem", "key": "key"}
    return IngressArgs(**{**defaults, **given})


def pod(**given: Any) -> Any:
    spec: Any = deployment_spec(args(**given))["template"]
    return spec["spec"]


@pytest.mark.parametrize(("host_ports", "expected"), [(False, [None, None]), (True, [80, 443])])
def test_ports_of_the_node(host_ports: bool, expected: list[int | None]) -> None:
    (container,) = pod(host_ports=host_ports)["containers"]
    named = {each["name"]: each for each in container["ports"]}
    assert [named[port].get("host_port") for port in ("web", "websecure")] == expected
    assert "host_port" not in named["admin"], "the administrative port is never one of the node's"
    assert all(each["container_port"] > 1024 for each in container["ports"]), "no privilege is needed to listen"


def test_no_privileges() -> None:
    spec = pod(host_ports=True)
    assert spec["security_context"]["run_as_non_root"] is True
    assert spec["containers"][0]["security_context"]["read_only_root_filesystem"] is True


def test_a_node_s_port_is_free_before_it_is_bound_again() -> None:
    strategy: Any = deployment_spec(args(host_ports=True))["strategy"]
    assert strategy["rolling_update"]["max_surge"] == 0, "the new pod would never be scheduled"


@pytest.mark.parametrize(
    ("service_type", "published"),
    [
        ("LoadBalancer", "publishedservice=ingress/traefik"),
        ("ClusterIP", "hostname=idp.example.org"),
        ("NodePort", "hostname=idp.example.org"),
    ],
)
def test_an_ingress_gets_an_address(service_type: str, published: str) -> None:
    given = command_line(args(service_type=service_type))
    assert f"--providers.kubernetesingress.ingressendpoint.{published}" in given, "else Argo CD never calls it healthy"


def test_http_is_sent_to_https() -> None:
    assert "--entrypoints.web.http.redirections.entrypoint.to=:443" in command_line(args())


def test_the_wildcard_is_the_default_certificate() -> None:
    stores = yaml.safe_load(dynamic()["tls.yaml"])["tls"]["stores"]
    assert stores["default"]["defaultCertificate"]["certFile"] == f"{CERTIFICATES}/tls.crt"
    mounts = {each["mount_path"] for each in pod()["containers"][0]["volume_mounts"]}
    assert CERTIFICATES in mounts, "and it is there"


def test_rights() -> None:
    rules = plain(record(lambda: Ingress("ingress", args())).named("ingress-role").inputs)["rules"]
    written = [rule for rule in rules if not set(rule["verbs"]) <= {"get", "list", "watch"}]
    assert [rule["resources"] for rule in written] == [["ingresses/status"]], "it writes addresses and nothing else"
    assert len(rules) == len(READS) + 1


def test_the_class_is_the_default() -> None:
    made = plain(record(lambda: Ingress("ingress", args(class_name="outer"))).named("ingress-class").inputs)
    assert made["metadata"]["name"] == "outer"
    assert made["metadata"]["annotations"]["ingressclass.kubernetes.io/is-default-class"] == "true"
