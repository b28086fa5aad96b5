"""The bundle: manifests and charts at the pinned version, taken whole, and again when the pin changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from components.upstream import Published, Upstream, Upstreams
from sandbox.build.bundle import Bundle
from sandbox.paths import Paths


def pins(version: str = "v1") -> Upstreams:
    tool = Upstream(
        name="tool", version=version, licence="MIT", source="s",
        manifest=Published(url="u", path="deploy/install.yaml"), chart=Published(url="u", path="charts/tool"),
    )  # fmt: skip
    plain = Upstream(name="plain", version="v1", licence="MIT", source="s")
    return Upstreams(upstreams={"tool": tool, "plain": plain}, commands={}, bases={}, images={})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    (folder / "deploy").mkdir(parents=True)
    (folder / "charts" / "tool").mkdir(parents=True)
    (folder / "deploy" / "install.yaml").write_text("kind: List")
    (folder / "charts" / "tool" / "Chart.yaml").write_text("name: tool")
    (folder / "charts" / "tool" / "Chart.yaml").chmod(0o444)
    return folder


def test_takes_what_is_pinned_and_no_more(paths: Paths, source: Path) -> None:
    bundle = Bundle(pins(), paths)
    assert bundle.missing() == ["tool"], "the other has neither manifest nor chart"
    bundle.take_missing(lambda _: source)
    assert bundle.missing() == []
    assert (paths.bundle / "tool" / "deploy" / "install.yaml").read_text() == "kind: List"
    assert (paths.bundle / "tool" / "charts" / "tool" / "Chart.yaml").stat().st_mode & 0o200, "it can be removed again"


def test_another_version_is_taken_anew(paths: Paths, source: Path) -> None:
    Bundle(pins(), paths).take_missing(lambda _: source)
    assert Bundle(pins("v2"), paths).missing() == ["tool"]
    (source / "deploy" / "install.yaml").write_text("kind: Other")
    Bundle(pins("v2"), paths).take_missing(lambda _: source)
    assert (paths.bundle / "tool" / "deploy" / "install.yaml").read_text() == "kind: Other"


def test_interrupted_the_old_one_stays(paths: Paths, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Bundle(pins(), paths).take_missing(lambda _: source)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copytree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Bundle(pins("v2"), paths).take_missing(lambda _: source)
    assert Bundle(pins(), paths).missing() == [], "whole, at its version"
    monkeypatch.undo()
    Bundle(pins("v2"), paths).take_missing(lambda _: source)
    assert Bundle(pins("v2"), paths).missing() == []
