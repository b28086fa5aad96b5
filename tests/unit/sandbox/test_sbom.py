"""The bill of materials: valid CycloneDX, with the Go modules, Debian and npm packages of what was built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from components.upstream import Base, Command, Upstream, Upstreams
from sandbox.build import rootfs
from sandbox.build.sbom import Inventory
from sandbox.paths import Paths

PINS = Upstreams(
    upstreams={
        "helm": Upstream(name="helm", version="v4.2.1", licence="Apache-2.0", source="s"),
        "gitea": Upstream(name="gitea", version="v1.26.4", licence="MIT", source="s"),
    },
    commands={name: Command(workspace="w", package="p", upstream="helm") for name in ("helm", "other")},
    bases={"shell": Base(suite="trixie", packages=["curl"]), "not-made": Base(suite="sid", packages=["git"])},
    images={},
)
LOCK = "lockfileVersion: '9.0'\npackages:\n  '@scope/name@1.2.3': {}\n  vue@3.5.0: {}\n"


@pytest.fixture
def document(paths: Paths, tmp_path: Path) -> dict[str, Any]:
    commands = {}
    for name, modules in {"helm": ["a.org/x@v1.0.0", "b@v2.0.0"], "other": ["a.org/x@v1.0.0"]}.items():
        commands[name] = paths.cache / "commands" / name / "key" / name
        commands[name].parent.mkdir(parents=True)
        (commands[name].parent / "modules.json").write_text(json.dumps({"recipe": "r", "modules": modules}))
    tarball = rootfs.tarball("shell", PINS.bases["shell"], paths)
    tarball.parent.mkdir(parents=True)
    tarball.with_name(tarball.name.removesuffix(".tar.gz") + ".packages").write_text("curl 8.1-2\nlibc6 1:2.41+b1\n")
    (tmp_path / "pnpm-lock.yaml").write_text(LOCK)
    text = Inventory(paths, PINS, commands, tmp_path / "pnpm-lock.yaml").document()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None, f"the document follows the schema: {problem}"
    found: dict[str, Any] = json.loads(text)
    return found


def test_names_every_package_once(document: dict[str, Any]) -> None:
    urls = [component["purl"] for component in document["components"] if "purl" in component]
    assert len(urls) == len(set(urls)), "a module that is in two commands is listed once"
    for expected in (
        "pkg:golang/a.org/x@v1.0.0", "pkg:golang/b@v2.0.0", "pkg:deb/debian/curl@8.1-2?arch=amd64&distro=trixie",
        "pkg:npm/%40scope/name@1.2.3", "pkg:npm/vue@3.5.0",
    ):  # fmt: skip
        assert expected in urls


def test_says_what_is_in_what(document: dict[str, Any]) -> None:
    inside = {entry["ref"]: set(entry.get("dependsOn", [])) for entry in document["dependencies"]}
    assert inside["command/helm"] == {"pkg:golang/a.org/x@v1.0.0", "pkg:golang/b@v2.0.0"}
    assert inside["command/other"] == {"pkg:golang/a.org/x@v1.0.0"}
    assert inside["cairn-sandbox"] == {"command/helm", "command/other", "base/shell", "frontend/gitea"}


def test_a_base_that_was_not_made_is_not_claimed(document: dict[str, Any]) -> None:
    assert "base/not-made" not in {component["bom-ref"] for component in document["components"]}


def test_licences_and_versions_are_those_of_the_pins(document: dict[str, Any]) -> None:
    (helm,) = [component for component in document["components"] if component["bom-ref"] == "command/helm"]
    assert helm["version"] == "v4.2.1" and "Apache-2.0" in json.dumps(helm["licenses"])
