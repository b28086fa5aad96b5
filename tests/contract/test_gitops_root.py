"""What lies in gitops/: the root rendered as Argo CD renders it, and every part against its area's project.

Matrix: values given, missing, unknown, of a wrong kind · one source for all · order · parts (there, named, allowed,
refused) · the probe's API.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.argocd.root import MANAGES, PATH
from components.definitions import documents
from sandbox.paths import REPOSITORY, Paths

GITOPS = REPOSITORY / "gitops"
PARTS = sorted(folder for folder in (GITOPS / "parts").iterdir() if folder.is_dir())
URL = "https://git.example.org/a/b.git"
VALUES = {"repository": URL, "revision": "release"}
CLUSTER_WIDE = {"Namespace", "PriorityClass", "ClusterRole", "ClusterRoleBinding"}


def helm(**values: Any) -> subprocess.CompletedProcess[str]:
    command = Paths().bin / "helm"
    if not command.exists():
        pytest.skip(f"no helm to render the root: {command} is made by `make up`")
    return subprocess.run(
        [command, "template", "platform-root", REPOSITORY / PATH, "--namespace", "argocd", "--values", "-"],
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def rendered() -> list[dict[str, Any]]:
    done = helm(**VALUES)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def one(kind: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in rendered() if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def objects(part: Path) -> list[dict[str, Any]]:
    return [each for file in sorted(part.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text())]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "repository"),
        ({"repository": URL}, "revision"),
        ({**VALUES, "repository": "git@example.org:a/b"}, "repository"),
        ({**VALUES, "revison": "main"}, "revison"),
        ({**VALUES, "revision": 7}, "revision"),
    ],
    ids=["none", "one is missing", "not http", "misspelt", "not a text"],
)
def test_wrong_values_are_refused(values: dict[str, Any], named: str) -> None:
    done = helm(**values)
    assert done.returncode != 0, "nothing is rendered"
    assert named in done.stderr, "and the value is named"


def test_everything_comes_from_the_one_repository() -> None:
    found = []
    for each in rendered():
        spec = each["spec"]
        found += spec.get("sourceRepos", [])
        if each["kind"] == "ApplicationSet":
            generators = [generator["git"] for generator in spec["generators"]]
            found += [git["repoURL"] for git in generators] + [spec["template"]["spec"]["source"]["repoURL"]]
            revisions = {git["revision"] for git in generators} | {spec["template"]["spec"]["source"]["targetRevision"]}
            assert revisions == {"release"}, "and from the one branch"
    assert set(found) == {URL}, "so another Git server needs no edit here"


def test_the_root_makes_only_what_it_may() -> None:
    allowed = {(each["group"], each["kind"]) for each in MANAGES}
    for each in rendered():
        assert (each["apiVersion"].partition("/")[0], each["kind"]) in allowed
        assert each["metadata"].get("namespace", "argocd") == "argocd"


def test_projects_are_made_before_and_deleted_after_their_applications() -> None:
    for each in rendered():
        wave = int(each["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0))
        assert (wave < 0) == (each["kind"] == "AppProject"), f"{each['kind']} {each['metadata']['name']} is in {wave}"


def test_parts_are_reconciled_and_go_with_their_folder() -> None:
    spec = one("ApplicationSet", "platform-parts")["spec"]
    assert spec["goTemplate"] is True and "missingkey=error" in spec["goTemplateOptions"], "a typing error is an error"
    template = spec["template"]
    assert template["metadata"]["name"] == "{{ .path.basename }}", "Helm has left the other template's braces alone"
    assert template["spec"]["source"]["path"] == "{{ .path.path }}"
    assert template["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
    assert "ServerSideApply=true" in template["spec"]["syncPolicy"]["syncOptions"]
    assert "CreateNamespace=true" not in template["spec"]["syncPolicy"]["syncOptions"], "it would outlive the part"
    assert template["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"], "what it made goes with it"
    assert one("AppProject", template["spec"]["project"]), "in a project that is there"


def test_there_are_parts() -> None:
    assert len(PARTS) >= 2


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_may_be_applied(part: Path) -> None:
    project = one("AppProject", "platform")["spec"]
    allowed = {(each["group"], each["kind"]) for each in project["clusterResourceWhitelist"]}
    denied = {each["namespace"].removeprefix("!") for each in project["destinations"] if "!" in each["namespace"]}
    assert objects(part), "it holds something"
    for each in objects(part):
        group = each["apiVersion"].rpartition("/")[0]
        told = f"{each['kind']} {each['metadata']['name']}"
        if each["kind"] in CLUSTER_WIDE:
            assert (group, each["kind"]) in allowed, f"{told}: the project must allow its kind"
        else:
            assert each["metadata"].get("namespace", part.name) not in denied, f"{told}: not in such a namespace"
        assert each["metadata"]["labels"]["app.kubernetes.io/part-of"] == "cairn", f"{told}: seen to be of the platform"


def test_no_part_may_take_over_the_engine() -> None:
    project = one("AppProject", "platform")["spec"]
    namespaces = [each["namespace"] for each in project["destinations"]]
    assert {"!argocd", "!kube-system"} <= set(namespaces), "an Application in argocd could use any project"
    kinds = {each["kind"] for each in project["clusterResourceWhitelist"]}
    assert not kinds & {"*", "ClusterRoleBinding", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}


def test_no_object_is_in_two_parts() -> None:
    identities = [
        (each["kind"], each["metadata"].get("namespace", part.name), each["metadata"]["name"])
        for part in PARTS
        for each in objects(part)
    ]
    assert len(identities) == len(set(identities)), "two Applications would fight over it"


def test_priorities_are_in_order() -> None:
    classes = {each["metadata"]["name"]: each for each in objects(GITOPS / "parts" / "priority-classes")}
    order = sorted(classes, key=lambda name: classes[name]["value"])
    assert order == ["tenant-batch", "tenant-production", "platform-critical"], "the platform goes last"
    assert all(each["value"] < 1_000_000_000 for each in classes.values()), "what is above is Kubernetes' own"
    assert not [name for name in classes if classes[name].get("globalDefault")], "nobody gets one without asking"


def test_the_probe_s_api() -> None:
    (crd,) = [each for each in documents() if each["spec"]["names"]["kind"] == "HealthProbe"]
    spec = crd["spec"]
    assert crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
    (version,) = spec["versions"]
    assert version["subresources"] == {"status": {}}, "who may edit a probe need not be who says how it is"
    condition = version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["conditions"]
    assert condition["x-kubernetes-list-map-keys"] == ["type"], "one condition of each type"
    assert condition["items"]["properties"]["status"]["enum"] == ["True", "False", "Unknown"], "texts, not booleans"
