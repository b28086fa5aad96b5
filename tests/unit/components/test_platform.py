"""The whole graph of resources, for every shape of installation.

Matrix: sandbox · plain cluster · ha · company's authority · external Git · own ingress controller. For each: children
have parents and their names · one provider · nothing is made twice · namespaces · containers are restricted · no secret
in plain · order.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from components.certificates import make_authority
from components.platform import Platform
from components.settings import Settings
from components.upstream import Upstreams
from tests.unit.components.recording import Graph, Registered, plain, record, secret

GIVEN = make_authority("Company")
SHAPES: dict[str, dict[str, Any]] = {
    "sandbox": {"ingress": {"hostPorts": True, "serviceType": "ClusterIP"}},
    "plain": {"domain": "idp.example.org"},
    "ha": {"domain": "idp.example.org", "tier": "ha"},
    "authority": {"ingress": {"caCertificate": GIVEN.certificate, "caKey": GIVEN.key}},
    "external": {"git": {"mode": "external", "url": "https://git.example.org/a/b.git", "token": "t0ken"}},
    "own-ingress": {"ingress": {"enabled": False, "className": "nginx"}},
}
WORKLOADS = ("Deployment", "StatefulSet")


@cache
def graph_of(shape: str) -> Graph:
    settings = Settings.from_mapping(SHAPES[shape])
    return record(lambda: Platform("platform", settings, Upstreams.load()).exports())


@pytest.fixture(params=SHAPES)
def graph(request: pytest.FixtureRequest, argocd_documents: list[dict[str, Any]]) -> Graph:
    """The graph of each shape in turn; the documents are asked for so that a missing manifest is told as such."""
    return graph_of(request.param)


def shaped(shape: str, argocd_documents: list[dict[str, Any]]) -> Graph:
    assert argocd_documents
    return graph_of(shape)


def objects(graph: Graph) -> Iterator[tuple[Registered | None, dict[str, Any]]]:
    """Every Kubernetes object, with the resource that it is; those of Argo CD's manifest come in one group."""
    for resource in graph.resources:
        if resource.type.endswith(":ConfigGroup"):
            yield from ((None, each) for each in resource.inputs["objs"])
        elif resource.type.startswith("kubernetes:"):
            yield resource, resource.inputs


def containers(body: dict[str, Any]) -> list[dict[str, Any]]:
    pod = body["spec"]["template"]["spec"]
    return [*pod.get("initContainers", []), *pod["containers"]]


def needed(graph: Graph, resource: Registered) -> set[str]:
    """URNs of all that a resource needs, as the engine orders by them: dependencies, and those of its parents."""
    by_urn = {each.urn: each for each in graph.resources}
    found: set[str] = set()
    waiting = [resource]
    while waiting:
        each = waiting.pop()
        for urn in {*each.depends_on, each.parent} & by_urn.keys() - found:
            found.add(urn)
            waiting.append(by_urn[urn])
    return found


def test_children_have_parents_and_their_names(graph: Graph) -> None:
    by_urn = {each.urn: each for each in graph.resources}
    roots = [each.name for each in graph.resources if not each.parent]
    assert roots == ["platform"], "everything hangs on the platform"
    for each in graph.resources:
        parent = by_urn.get(each.parent)
        if parent and parent.name != "platform" and each.type != "kubernetes:yaml/v2:ConfigGroup":
            assert each.name.startswith(f"{parent.name}-"), f"{each.name} is named after {parent.name}"


def test_everything_goes_to_the_one_cluster(graph: Graph) -> None:
    provider = graph.named("platform-cluster")
    for resource in graph.resources:
        if resource.type.startswith("kubernetes:"):
            assert resource.provider.startswith(provider.urn), f"{resource.name}: not the kubeconfig's current cluster"


def test_nothing_is_made_twice(graph: Graph) -> None:
    names = [(each.type, each.name) for each in graph.resources]
    assert len(names) == len(set(names)), "names in the stack"
    identities = [
        (body["kind"], body["metadata"].get("namespace"), plain(body["metadata"]["name"])) for _, body in objects(graph)
    ]
    assert len(identities) == len(set(identities)), "names in the cluster"


def test_objects_lie_in_namespaces_that_are_made_before(graph: Graph) -> None:
    made = {body["metadata"]["name"] for _, body in objects(graph) if body["kind"] == "Namespace"}
    assert made <= {"gitea", "argocd", "ingress"}, "and no other namespace is touched"
    for resource, body in objects(graph):
        if namespace := body["metadata"].get("namespace"):
            assert namespace in made, f"{body['kind']} {body['metadata']['name']} lies in {namespace}"
        assert resource is None or resource.type.startswith("kubernetes:")


def test_containers_ask_for_what_they_need_and_no_privilege(graph: Graph) -> None:
    for resource, body in objects(graph):
        if body["kind"] not in WORKLOADS:
            continue
        for container in containers(body):
            told = f"{body['metadata']['name']}/{container['name']}"
            context = container.get("securityContext", {})
            assert context.get("allowPrivilegeEscalation") is False, f"{told}: no way to more rights"
            assert context["capabilities"]["drop"] == ["ALL"], f"{told}: no capabilities"
            assert ":latest" not in container["image"] and ":" in container["image"], f"{told}: a version is named"
            if resource or container in body["spec"]["template"]["spec"]["containers"]:
                assert {"cpu", "memory"} <= set(container["resources"]["requests"]), f"{told}: room is set aside"


def test_no_secret_is_in_plain(graph: Graph) -> None:
    for _, body in objects(graph):
        if body["kind"] != "Secret":
            continue
        for key, value in body.get("stringData", {}).items():
            told = f"{body['metadata']['name']}.{key}"
            known = key in {"username", "url", "type", "tls.crt"}
            assert known or secret(value) or secret(body["stringData"]), f"{told} is encrypted in the stack"


def test_the_root_comes_last(graph: Graph) -> None:
    root = graph.named("root-application")
    before = needed(graph, root)
    for name in ("handover-delivery", "argocd-ingress", "root-project", "root-repository"):
        assert graph.named(name).urn in before, f"it is deleted before {name}, while Argo CD can clean up"
    assert graph.one("ConfigGroup", "argocd").urn in before, "and before Argo CD itself"
    last = [each.name for each in graph.resources if root.urn in needed(graph, each)]
    assert last == [], "nothing comes after it"
    metadata = root.inputs["metadata"]
    assert metadata["finalizers"] == ["resources-finalizer.argocd.argoproj.io"], "its deletion waits for what it made"


def test_the_root_reads_what_was_handed_over(argocd_documents: list[dict[str, Any]]) -> None:
    for shape, url in (
        ("plain", "http://gitea.gitea.svc.cluster.local:3000/cairn/platform.git"),
        ("external", "https://git.example.org/a/b.git"),
    ):
        graph = shaped(shape, argocd_documents)
        source = plain(graph.named("root-application").inputs)["spec"]["source"]
        assert source["repoURL"] == url
        assert source["helm"]["valuesObject"] == {"repository": url, "revision": "main"}, "as gitops/root wants it"
        repository = graph.named("root-repository").inputs["stringData"]
        assert plain(repository)["url"] == url, "the credentials are for the same address"
        assert plain(repository)["password"] == "<handover-delivery.readPassword>", "those that only read"


def test_external_git_installs_no_server(argocd_documents: list[dict[str, Any]]) -> None:
    graph = shaped("external", argocd_documents)
    assert not [each.name for each in graph.resources if each.name.startswith("git-")]
    assert shaped("plain", argocd_documents).named("git-deployment"), "while the other mode does"


def test_an_ingress_controller_that_is_there_is_used(argocd_documents: list[dict[str, Any]]) -> None:
    graph = shaped("own-ingress", argocd_documents)
    assert not graph.kind("IngressClass"), "none is made"
    used = {each.inputs["spec"]["ingressClassName"] for each in graph.resources if each.inputs.get("kind") == "Ingress"}
    assert used == {"nginx"}, "the one that is named serves"


def test_ha_survives_a_drain(argocd_documents: list[dict[str, Any]]) -> None:
    graph = shaped("ha", argocd_documents)
    twice = {
        body["metadata"]["name"]
        for _, body in objects(graph)
        if body["kind"] == "Deployment" and body["spec"].get("replicas", 1) > 1
    }
    kept = {body["metadata"]["name"] for _, body in objects(graph) if body["kind"] == "PodDisruptionBudget"}
    assert twice == kept, "what runs twice is kept through a drain, and only that"
    assert {"traefik", "argocd-server", "argocd-repo-server"} <= twice
    assert not shaped("plain", argocd_documents).kind("PodDisruptionBudget"), "a single one has none"


def test_exports_name_secrets_and_hold_none(argocd_documents: list[dict[str, Any]]) -> None:
    exported: dict[str, Any] = {}
    settings = Settings.from_mapping(SHAPES["plain"])
    record(lambda: exported.update(Platform("platform", settings, Upstreams.load()).exports()))
    assert exported["argocd"]["url"] == "https://argocd.idp.example.org"
    assert exported["argocd"]["passwordIn"] == "argocd/argocd-initial-admin-secret"
    assert exported["git"]["passwordIn"] == "gitea/gitea-admin"
