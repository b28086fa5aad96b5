"""Commands from Go modules: which are current, which a changed pin makes anew, how they are compiled.

A workspace of two commands: `one` is built of a and b, `two` of a and c.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from components.upstream import Command, Upstream, Upstreams
from sandbox.build import go
from sandbox.build.go import Workspace, binary_name
from sandbox.paths import Paths

GO_MOD = """\
module cairn.dev/commands
require (
\texample.org/a v1.0.0
\texample.org/b v1.0.0 // indirect
\texample.org/c v1.0.0
)
replace example.org/old => example.org/fork v1.2.0
"""


def pins(version: str = "v1.2.3") -> Upstreams:
    upstream = Upstream(
        name="helm", version=version, licence="MIT", source="https://example.org", module="example.org/a"
    )
    commands = {
        name: Command(workspace="w", package=f"example.org/cmd/{name}", upstream="helm") for name in ("one", "two")
    }
    return Upstreams(upstreams={"helm": upstream}, commands=commands, bases={}, images={})


@pytest.fixture
def workspace(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(go, "WORKSPACES", tmp_path)
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "go.mod").write_text(GO_MOD)
    return Workspace("w", paths, pins())


@pytest.fixture
def store(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, set[str]], None]:
    def put(name: str, modules: set[str]) -> None:
        binary = tmp_path / f"built-{name}"
        binary.write_text(f"{name} of {modules}")
        monkeypatch.setattr(go, "built_of", lambda *_: modules)
        workspace._store(name, binary)

    return put


def pin(workspace: Workspace, old: str, new: str) -> None:
    path = workspace.folder / "go.mod"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


Store = Callable[[str, set[str]], None]


def test_what_was_never_built_is_missing(workspace: Workspace) -> None:
    assert workspace.missing() == ["one", "two"]


def test_what_was_built_is_current(workspace: Workspace, store: Store) -> None:
    store("one", {"example.org/a@v1.0.0", "example.org/b@v1.0.0"})
    store("two", {"example.org/a@v1.0.0", "example.org/fork@v1.2.0"})
    assert workspace.missing() == []
    current = workspace.current("one")
    assert current is not None and current.name == "one" and current.is_file()


def test_a_changed_pin_builds_just_what_contains_it(workspace: Workspace, store: Store) -> None:
    store("one", {"example.org/a@v1.0.0", "example.org/b@v1.0.0"})
    store("two", {"example.org/a@v1.0.0", "example.org/c@v1.0.0"})
    pin(workspace, "example.org/b v1.0.0", "example.org/b v1.1.0")
    assert workspace.missing() == ["one"], "two has no b in it"
    pin(workspace, "example.org/b v1.1.0", "example.org/b v1.0.0")
    assert workspace.missing() == [], "the old pin finds the old command"
    pin(workspace, "example.org/a v1.0.0", "example.org/a v1.0.1")
    assert workspace.missing() == ["one", "two"], "a is in both"
    pin(workspace, "fork v1.2.0", "fork v1.3.0")
    pin(workspace, "example.org/a v1.0.1", "example.org/a v1.0.0")
    assert workspace.missing() == [], "neither was built of the fork"


def test_a_changed_stamp_or_patch_builds_it(workspace: Workspace, store: Store, paths: Paths) -> None:
    store("one", {"example.org/a@v1.0.0"})
    store("two", {"example.org/a@v1.0.0"})
    assert Workspace("w", paths, pins("v1.2.4")).missing() == ["one", "two"], "the version is linked in"
    patch = workspace.folder / "patches" / "example.org" / "a" / "x.go"
    patch.parent.mkdir(parents=True)
    patch.write_text("package a")
    assert workspace.missing() == ["one", "two"]


def test_interrupted_between_command_and_record_it_is_missing(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _killed)
    with pytest.raises(KeyboardInterrupt):
        store("one", {"example.org/a@v1.0.0"})
    assert "one" in workspace.missing(), "the record is written last and at once"
    monkeypatch.undo()


def test_an_interrupted_compilation_leaves_the_cache_as_it_was(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store("two", {"example.org/a@v1.0.0"})

    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(go, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        workspace.build(["one"], tmp_path / "log", lambda _: None)
    assert workspace.missing() == ["one"]


def test_compiles_together_what_can_be_and_without_what_nobody_reads(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[list[str]] = []

    def compiler(command: list[str], **_: object) -> str:
        ran.append(command)
        staging = Path(command[command.index("-o") + 1])
        for package in command[command.index("-o") + 2 :]:
            (staging / binary_name(package)).write_text(package)
        return ""

    monkeypatch.setattr(go, "run", compiler)
    monkeypatch.setattr(go, "built_of", lambda *_: {"example.org/a@v1.0.0"})
    workspace.build(["one", "two"], tmp_path / "log", lambda _: None)
    (command,) = ran
    assert command[-2:] == ["example.org/cmd/one", "example.org/cmd/two"], "one run of the compiler for both"
    assert "-trimpath" in command and any("-X helm.sh/helm/v4/internal/version.version=v1.2.3" in w for w in command)
    assert workspace.missing() == []
    assert not (workspace.built / ".staging" / "w").exists()


def test_the_record_names_what_a_command_was_built_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    printed = "\n".join(
        [
            "/x: go1.26", "\tpath\texample.org/cmd", "\tmod\tcairn.dev/commands\t(devel)\t",
            "\tdep\texample.org/a\tv1.0.0\th1:x=", "\tdep\texample.org/old\tv0.9.0",
            "\t=>\texample.org/fork\tv1.2.0\th1:y=",
            "\tbuild\t-trimpath=true",
        ]
    )  # fmt: skip
    monkeypatch.setattr(go, "run", lambda *_, **__: printed)
    assert go.built_of(tmp_path, {}) == {"example.org/a@v1.0.0", "example.org/fork@v1.2.0"}, "the replacement counts"


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("go.etcd.io/etcd/server/v3", "server"),
        ("example.org/vault", "vault"),
    ],
)
def test_the_compilers_name_of_a_command(package: str, name: str) -> None:
    assert binary_name(package) == name


def test_every_pinned_command_has_its_workspace() -> None:
    for name, command in Upstreams.load().commands.items():
        assert (go.WORKSPACES / command.workspace / "go.mod").is_file(), name
        assert (go.WORKSPACES / command.workspace / "go.sum").is_file(), "without it a download is not checked"


def test_the_record_is_json(workspace: Workspace, store: Store) -> None:
    store("one", {"example.org/a@v1.0.0"})
    current = workspace.current("one")
    assert current is not None
    assert json.loads((current.parent / "modules.json").read_text())["modules"] == ["example.org/a@v1.0.0"]


def _killed(_: int) -> None:
    raise KeyboardInterrupt
