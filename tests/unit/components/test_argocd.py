"""Argo CD: each change on upstream's real manifest, and what it refuses when upstream has moved on.

Matrix: each change by itself · what stays · what is given stays · a part, an object that is gone · replicas ·
settings · health scripts · webhooks.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from components.argocd import ArgoCd, ArgoCdArgs, configuration, manifest
from components.argocd.manifest import REQUESTS, STATELESS, WORKLOADS, changed
from tests.unit.components.recording import Graph, plain, record

Documents = list[dict[str, Any]]
HOW = ("httpGet", "tcpSocket", "exec", "grpc")
"""Ways in which a probe looks."""


def graph_of(documents: Documents, **given: Any) -> Graph:
    args = ArgoCdArgs(documents=documents, host="argocd.idp.example.org", ingress_class="traefik", **given)
    return record(lambda: ArgoCd("argocd", args))


def installed(documents: Documents, **given: Any) -> Documents:
    objects: Documents = plain(graph_of(documents, **given).one("ConfigGroup", "argocd").inputs["objs"])
    return objects


def find(documents: Documents, kind: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in documents if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def workloads(documents: Documents) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in documents if each["kind"] in WORKLOADS}


def test_what_is_given_stays(argocd_documents: Documents) -> None:
    before = copy.deepcopy(argocd_documents)
    installed(argocd_documents)
    assert argocd_documents == before, "changes work on a copy"


def test_dex_is_left_out_and_nothing_else(argocd_documents: Documents) -> None:
    names = {(each["kind"], each["metadata"]["name"]) for each in argocd_documents}
    kept = {(each["kind"], each["metadata"]["name"]) for each in installed(argocd_documents)}
    assert names - kept, "upstream installs it"
    assert all(name.startswith("argocd-dex-server") for _, name in names - kept), "only its objects are dropped"
    assert not kept - names, "and none is added"


def test_a_part_that_upstream_no_longer_has_is_told(argocd_documents: Documents) -> None:
    with pytest.raises(ValueError, match="expected objects of argocd-gone"):
        changed(argocd_documents, manifest.without("argocd-gone"))


def test_an_object_that_upstream_no_longer_has_is_told(argocd_documents: Documents) -> None:
    with pytest.raises(ValueError, match="expected a ConfigMap named argocd-gone"):
        changed(argocd_documents, manifest.configured("ConfigMap", "argocd-gone", {"a": "b"}))


def test_everything_lies_in_its_namespace(argocd_documents: Documents) -> None:
    for each in installed(argocd_documents):
        cluster_wide = each["kind"] in manifest.CLUSTER_SCOPED
        told = f"{each['kind']} {each['metadata']['name']}"
        assert each["metadata"].get("namespace") == (None if cluster_wide else "argocd"), told
        for subject in each.get("subjects", []):
            assert subject.get("namespace", "argocd") == "argocd", f"{told}: upstream binds what runs in this namespace"


def test_every_workload_has_requests(argocd_documents: Documents) -> None:
    found = workloads(installed(argocd_documents))
    assert set(found) == set(REQUESTS), "each of upstream's parts is known, and each that is known is there"
    for name, each in found.items():
        cpu, memory = REQUESTS[name]
        for container in each["spec"]["template"]["spec"]["containers"]:
            assert container["resources"]["requests"] == {"cpu": cpu, "memory": memory}


def test_a_new_part_of_upstream_needs_requests(argocd_documents: Documents) -> None:
    with pytest.raises(KeyError):
        changed(argocd_documents, manifest.requesting({"argocd-server": ("1m", "1Mi")}))


def test_a_start_is_seen_within_a_second(argocd_documents: Documents) -> None:
    probed = 0
    for each in workloads(installed(argocd_documents)).values():
        for container in each["spec"]["template"]["spec"]["containers"]:
            if ready := container.get("readinessProbe"):
                start = container["startupProbe"]
                assert start["periodSeconds"] == 1
                assert "initialDelaySeconds" not in start, "the first look is at once"
                assert [start.get(how) for how in HOW] == [ready.get(how) for how in HOW], "it looks at the same"
                probed += 1
    assert probed >= 3, "upstream probes its server, its repository server and its controller"


@pytest.mark.parametrize("count", [1, 2])
def test_replicas(argocd_documents: Documents, count: int) -> None:
    found = workloads(installed(argocd_documents, replicas=count))
    for name, each in found.items():
        expected = count if name in STATELESS else 1
        assert each["spec"].get("replicas", 1) == expected, f"{name}: one of those with a state"
    budgets = {each.inputs["metadata"]["name"] for each in graph_of(argocd_documents, replicas=count).kind(BUDGET)}
    assert budgets == (set(STATELESS) if count > 1 else set())


BUDGET = "PodDisruptionBudget"


def test_tls_ends_at_the_ingress(argocd_documents: Documents) -> None:
    objects = installed(argocd_documents)
    assert find(objects, "ConfigMap", "argocd-cmd-params-cm")["data"]["server.insecure"] == "true"
    ingress = graph_of(argocd_documents).one("Ingress").inputs["spec"]
    assert ingress["rules"][0]["host"] == "argocd.idp.example.org"
    ports = [each["name"] for each in find(objects, "Service", "argocd-server")["spec"]["ports"]]
    backend = ingress["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] == "argocd-server" and backend["port"]["name"] in ports, "a port that upstream's service has"


def test_parts_start_anew_when_their_parameters_change(
    argocd_documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digests() -> set[str]:
        found = workloads(installed(argocd_documents)).values()
        return {each["spec"]["template"]["metadata"]["annotations"]["cairn.dev/configuration"] for each in found}

    before = digests()
    assert len(before) == 1 and digests() == before, "at rest nothing restarts"
    monkeypatch.setattr(configuration, "PARAMETERS", {**configuration.PARAMETERS, "server.insecure": "false"})
    assert digests() != before, "they read it only when they start"


def test_general_settings(argocd_documents: Documents) -> None:
    data = find(installed(argocd_documents, reconciliation=120), "ConfigMap", "argocd-cm")["data"]
    assert data["url"] == "https://argocd.idp.example.org", "links in messages lead there"
    assert data["timeout.reconciliation"] == "120s"
    upstream = find(argocd_documents, "ConfigMap", "argocd-cm").get("data", {})
    assert upstream.items() <= data.items(), "what upstream sets stays"


def test_health_scripts_are_named_for_their_kinds() -> None:
    checks = configuration.health_checks()
    assert "resource.customizations.health.checks.cairn.dev_HealthProbe" in checks
    assert all("return" in script for script in checks.values())


def test_webhooks_are_signed_with_one_secret(argocd_documents: Documents) -> None:
    secret = find(installed(argocd_documents), "Secret", "argocd-secret")["stringData"]
    assert secret, "a secret for at least one kind of Git server"
    assert set(secret.values()) == {"<argocd-webhook-secret.value>"}, "the one that the hand-over gives to Git"
    assert "webhook.gogs.secret" in secret, "Gitea calls itself Gogs in the header that Argo CD reads first"


def test_the_webhook_goes_to_a_service_and_port_that_upstream_has(argocd_documents: Documents) -> None:
    args = ArgoCdArgs(documents=argocd_documents, host="argocd.idp.example.org", ingress_class="traefik")
    urls: list[str] = []
    record(lambda: urls.append(ArgoCd("argocd", args).webhook_url))
    (url,) = urls
    name, _, rest = url.removeprefix("http://").partition(".argocd.svc.cluster.local")
    port = int(rest.partition("/")[0].removeprefix(":") or 80)
    served = [each["port"] for each in find(argocd_documents, "Service", name)["spec"]["ports"]]
    assert port in served, f"{url}: {name} listens on {served}"
