"""The cache's limit: what is over it goes, longest unused first; what a pin names stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.upstream import Base, Image, Upstreams
from sandbox.build import cache as module
from sandbox.build import rootfs
from sandbox.build.cache import Cache, CacheLimitError, limit, size
from sandbox.build.images import marker_name
from sandbox.paths import Paths

KEPT, STALE = "example.org/team/kept:v2", "example.org/team/stale:v1"
PINS = Upstreams(
    upstreams={}, commands={}, bases={"shell": Base(suite="trixie", packages=["curl"])}, images={KEPT: Image()}
)


def put(path: Path, length: int = 10, age: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * length)
    os.utime(path, (1_000_000_000 - age, 1_000_000_000 - age))
    return path


@pytest.fixture
def cache(paths: Paths) -> Cache:
    return Cache(paths, PINS)


@pytest.mark.parametrize(
    ("given", "expected"), [("15GiB", 15 << 30), ("800 MiB", 800 << 20), ("1.5GiB", 3 << 29), ("1000", 1000)]
)
def test_the_limit_is_a_size(given: str, expected: int) -> None:
    assert limit({"CAIRN_CACHE_LIMIT": given}) == expected


def test_the_limit_has_a_default() -> None:
    assert limit({}) == limit({"CAIRN_CACHE_LIMIT": ""}) == 15 << 30


@pytest.mark.parametrize("given", ["lots", "15GB", "-1", "GiB"])
def test_another_limit_is_refused_with_what_is_expected(given: str) -> None:
    with pytest.raises(CacheLimitError, match=f"CAIRN_CACHE_LIMIT: expected a size such as 15GiB .* got '{given}'"):
        limit({"CAIRN_CACHE_LIMIT": given})


def test_below_the_limit_nothing_goes(cache: Cache) -> None:
    put(cache.folder / "go" / "build" / "00" / "a-d")
    assert cache.prune_go(10) == 0
    assert size(cache.folder / "go") == 10


def test_over_it_archives_go_first_then_the_longest_unused_objects(cache: Cache) -> None:
    archive = put(cache.folder / "go" / "mod" / "cache" / "download" / "m" / "@v" / "v1.zip")
    checksum = put(archive.with_suffix(".ziphash"))
    source = put(cache.folder / "go" / "mod" / "m@v1" / "a.go")
    old, new = (put(cache.folder / "go" / "build" / "00" / f"{age}-d", age=age) for age in (100, 1))
    assert cache.prune_go(45) == 10
    assert not archive.exists() and old.exists(), "its content lies unpacked beside it"
    assert cache.prune_go(35) == 10
    assert not old.exists() and new.exists()
    assert checksum.exists() and source.exists(), "Go still knows and checks what it has"
    assert size(cache.folder / "go") == 30


def test_sources_go_last_and_by_gos_own_command(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(module, "run", lambda command, **_: ran.append(command) or "")
    put(cache.folder / "go" / "mod" / "m@v1" / "a.go", 50)
    put(cache.folder / "go" / "build" / "00" / "a-d", 5)
    assert cache.prune_go(20) == 55
    assert ran == [["go", "clean", "-modcache"]]


def test_commands_of_older_pins_go(cache: Cache) -> None:
    current = put(cache.folder / "commands" / "kubectl" / "new" / "kubectl")
    put(cache.folder / "commands" / "kubectl" / "old" / "kubectl")
    put(cache.folder / "commands" / "gone" / "old" / "gone")
    staging = put(cache.folder / "commands" / ".staging" / "platform" / "half")
    assert cache.prune_commands([current]) == ["gone/old", "kubectl/old"]
    assert current.exists() and staging.exists()
    assert not (cache.folder / "commands" / "gone").exists()
    assert cache.prune_commands([current]) == []


def test_layers_of_older_recipes_go(cache: Cache) -> None:
    tarball = put(rootfs.tarball("shell", PINS.bases["shell"], cache.paths))
    listed = put(tarball.with_name(tarball.name.removesuffix(".tar.gz") + ".packages"))
    frontend = put(cache.folder / "frontends" / "gitea-new" / "index.js").parent
    put(cache.folder / "bases" / "shell-0000.tar.gz")
    put(cache.folder / "frontends" / "gitea-old" / "index.js")
    assert cache.prune_layers([frontend]) == ["shell-0000.tar.gz", "gitea-old"]
    assert tarball.exists() and listed.exists() and frontend.exists()


def test_images_that_no_pin_names_go_while_the_registry_stands_still(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories = cache.folder / "registry" / "docker" / "registry" / "v2" / "repositories" / "example.org" / "team"
    for reference in (KEPT, STALE):
        put(cache.folder / "registry" / "keys" / marker_name(reference))
    tags = {
        name: put(repositories / name / "_manifests" / "tags" / tag / "current" / "link").parent.parent
        for name, tag in (("kept", "v2"), ("stale", "v1"), ("pushed-by-others", "v1"))
    }
    order: list[str] = []
    monkeypatch.setattr(module, "run", lambda command, **_: order.append(" ".join(map(str, command[1:]))) or "")
    assert cache.stale_images() == [marker_name(STALE)]
    removed = cache.prune_registry(lambda: order.append("stop"), lambda: order.append("start"), Path("registry"))
    assert removed == [marker_name(STALE)] and cache.stale_images() == []
    assert [tags[name].exists() for name in ("kept", "stale", "pushed-by-others")] == [True, False, True]
    assert order[0] == "stop" and order[-1] == "start" and order[1].startswith("garbage-collect")


def test_the_registry_starts_again_even_when_collecting_fails(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> str:
        raise RuntimeError("no space")

    put(cache.folder / "registry" / "keys" / marker_name(STALE))
    monkeypatch.setattr(module, "run", fails)
    order: list[str] = []
    with pytest.raises(RuntimeError):
        cache.prune_registry(lambda: order.append("stop"), lambda: order.append("start"), Path("registry"))
    assert order == ["stop", "start"]
    assert cache.stale_images() == [marker_name(STALE)], "the next run tries it again"
