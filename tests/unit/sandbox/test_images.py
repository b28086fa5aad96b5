"""Images: made once per recipe and content, under their upstream names; what changes a key and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.upstream import Base, Command, Image, Upstream, Upstreams
from sandbox.build import images as module
from sandbox.build import rootfs
from sandbox.build.images import Images
from sandbox.node.layout import REGISTRY
from sandbox.paths import Paths

REFERENCE = "example.org/team/tool:v1"
RECIPE: dict[str, Any] = {"commands": {"tool": "/tool"}, "entrypoint": ["/tool", "serve"], "user": "65534:65534"}


def pins(
    recipe: dict[str, Any] | None = None, version: str = "v1.0.0", packages: tuple[str, ...] = ("curl",)
) -> Upstreams:
    return Upstreams(
        upstreams={"tool": Upstream(name="tool", version=version, licence="MIT", source="s", module="m")},
        commands={"tool": Command(workspace="w", package="p", upstream="tool")},
        bases={"shell": Base(suite="trixie", packages=list(packages))},
        images={REFERENCE: Image.model_validate(recipe or RECIPE)},
    )


def images(paths: Paths, upstreams: Upstreams | None = None, key: str = "abc") -> Images:
    commands = {"tool": paths.cache / "commands" / "tool" / key / "tool", "crane": Path("crane")}
    commands["tool"].parent.mkdir(parents=True, exist_ok=True)
    commands["tool"].write_text("binary")
    return Images(upstreams or pins(), paths, commands, lambda _: paths.cache, lambda _: paths.cache, REGISTRY)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []
    monkeypatch.setattr(module, "run", lambda command, **_: commands.append([str(word) for word in command]) or "")
    return commands


def test_the_key_is_that_of_the_content(paths: Paths) -> None:
    key = images(paths).key(REFERENCE)
    assert images(paths).key(REFERENCE) == key
    assert images(paths, key="def").key(REFERENCE) != key, "another command in it"
    assert images(paths, pins({**RECIPE, "user": "0:0"})).key(REFERENCE) != key, "another user"
    assert images(paths, pins(version="v2.0.0")).key(REFERENCE) == key, "an upstream whose files are not in it"
    copied = {**RECIPE, "copies": [{"upstream": "tool", "from": "a", "to": "/a"}]}
    assert images(paths, pins(copied)).key(REFERENCE) != images(paths, pins(copied, version="v2.0.0")).key(REFERENCE)


def test_the_key_of_an_image_on_a_base_changes_with_its_packages(paths: Paths) -> None:
    based = {**RECIPE, "base": "shell"}
    one, two = (images(paths, pins(based, packages=names)).key(REFERENCE) for names in (("curl",), ("curl", "git")))
    assert one != two
    assert rootfs.key(Base(suite="trixie", packages=["curl"])) == rootfs.key(Base(suite="trixie", packages=["curl"]))


def test_is_pushed_under_its_upstream_name_with_its_settings(paths: Paths, ran: list[list[str]]) -> None:
    made = images(paths)
    assert made.missing() == [REFERENCE]
    made.make(REFERENCE, paths.home / "log")
    append, mutate = ran
    assert append[-1] == f"{REGISTRY}/{REFERENCE}" and append[1] == "append"
    assert "--entrypoint=/tool,serve" in mutate and "--user=65534:65534" in mutate
    assert made.missing() == [], "it is remembered"
    assert images(paths, key="def").missing() == [REFERENCE], "a rebuilt command is put into it again"


def test_interrupted_before_the_push_it_is_made_again(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", interrupted)
    made = images(paths)
    with pytest.raises(KeyboardInterrupt):
        made.make(REFERENCE, paths.home / "log")
    assert made.missing() == [REFERENCE]
    assert {path.name for path in paths.cache.iterdir()} == {"commands"}, "no scratch folder is left"


def test_a_base_that_is_there_is_not_made_again(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def debootstrap(command: list[str | Path], **_: object) -> str:
        ran.append([str(word) for word in command])
        Path(command[-1]).write_text("tar")
        return ""

    monkeypatch.setattr(rootfs, "run", debootstrap)
    base = Base(suite="trixie", packages=["curl", "git"])
    first = rootfs.make("shell", base, paths, paths.home / "log")
    assert rootfs.make("shell", base, paths, paths.home / "log") == first
    assert len(ran) == 1 and "--include=curl,git" in ran[0]
    rootfs.make("shell", Base(suite="sid", packages=["curl"]), paths, paths.home / "log")
    assert len(ran) == 2


def test_every_recipe_names_commands_that_are_pinned() -> None:
    upstreams = Upstreams.load()
    for reference, image in upstreams.images.items():
        assert set(image.commands) <= set(upstreams.commands), reference
        assert image.base is None or image.base in upstreams.bases, reference
