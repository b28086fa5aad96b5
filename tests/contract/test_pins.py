"""upstream.yaml is the one list of pins: what else names a version agrees with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.upstream import UpstreamError, Upstreams

ROOT = Path(__file__).resolve().parents[2]
UPSTREAMS = Upstreams.load()


def modules(workspace: str) -> dict[str, str]:
    """Module -> version in a workspace's go.mod, replacements under the name of what replaces."""
    text = (ROOT / "sandbox" / "commands" / workspace / "go.mod").read_text()
    required = dict(re.findall(r"^\s*(?:require\s+)?(\S+)\s+(v\S+)", text, re.MULTILINE))
    return {**required, **dict(re.findall(r"=>\s+(\S+)\s+(v\S+)", text))}


@pytest.mark.parametrize("name", sorted(UPSTREAMS.commands))
def test_a_command_is_built_at_the_pinned_version(name: str) -> None:
    command = UPSTREAMS.commands[name]
    upstream = UPSTREAMS[command.upstream]
    assert upstream.module is not None
    assert modules(command.workspace)[upstream.module] == upstream.version


@pytest.mark.parametrize("name", sorted(UPSTREAMS.upstreams))
def test_every_image_of_an_upstream_has_a_recipe(name: str) -> None:
    missing = set(UPSTREAMS[name].images.values()) - set(UPSTREAMS.images)
    assert not missing, f"the sandbox cannot make {missing}"


def test_an_unknown_upstream_is_named() -> None:
    with pytest.raises(UpstreamError, match=r"upstreams\.argo: not there; known: .*argo-cd"):
        UPSTREAMS["argo"]


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "upstream.yaml"
    broken.write_text((ROOT / "upstream.yaml").read_text().replace("    licence: MIT", "    license: MIT", 1))
    with pytest.raises(UpstreamError, match=r"upstreams\.traefik"):
        Upstreams.load(broken)
