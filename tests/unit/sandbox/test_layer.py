"""Layers: the same content gives the same bytes; owners, modes, links and accounts are those of the recipe."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.build.layer import Layer


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fill(layer: Layer, tree: Path) -> Path:
    layer.file("/usr/local/bin/tool", b"binary", mode=0o755)
    layer.tree(tree, "/app")
    layer.directory("/data", "999:1000", 0o750)
    layer.link("/usr/bin/tool", "/usr/local/bin/tool")
    layer.accounts({"tool": "999:1000:/data"}, None)
    return layer.write()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "two").write_text("2")
    (folder / "one").write_text("1")
    return folder


def test_the_same_content_gives_the_same_digest(tree: Path, tmp_path: Path) -> None:
    first = digest(fill(Layer(tmp_path / "first.tar"), tree))
    os.utime(tree / "one", (0, 0))
    assert digest(fill(Layer(tmp_path / "second.tar"), tree)) == first, "times of files do not matter"


@pytest.mark.parametrize(
    "change",
    [
        lambda layer: layer.file("/usr/local/bin/tool", b"another", mode=0o755),
        lambda layer: layer.directory("/data", "1:1", 0o750),
        lambda layer: layer.link("/usr/bin/tool", "/elsewhere"),
        lambda layer: layer.file("/more", b""),
    ],
    ids=["content", "owner", "link", "file"],
)
def test_other_content_gives_another(change: Callable[[Layer], None], tree: Path, tmp_path: Path) -> None:
    first = fill(Layer(tmp_path / "first.tar"), tree)
    second = Layer(tmp_path / "second.tar")
    fill(second, tree)
    change(second)
    assert digest(second.write()) != digest(first)


def test_owners_modes_and_links(tree: Path, tmp_path: Path) -> None:
    with tarfile.open(fill(Layer(tmp_path / "layer.tar"), tree)) as archive:
        entries = {entry.name: entry for entry in archive}
        assert (entries["data"].uid, entries["data"].gid, entries["data"].mode) == (999, 1000, 0o750)
        assert entries["usr/bin/tool"].linkname == "/usr/local/bin/tool"
        assert entries["usr/local/bin/tool"].mode == 0o755
        assert entries["app/one"].mode == 0o644
        passwd = archive.extractfile("etc/passwd")
        assert passwd and passwd.read().decode().splitlines()[-1] == "tool:x:999:1000::/data:/bin/sh"
        order = list(entries)
        assert order.index("usr/local") < order.index("usr/local/bin/tool"), "parents come first"


def test_accounts_replace_those_of_the_base(tmp_path: Path) -> None:
    base = Layer(tmp_path / "base.tar")
    base.file("./etc/passwd", b"root:x:0:0::/root:/bin/sh\nredis:x:100:101::/var:/bin/false\n")
    base.file("./etc/group", b"root:x:0:\nredis:x:101:\n")
    layer = Layer(tmp_path / "layer.tar")
    layer.accounts({"redis": "999:1000:/data"}, base.write())
    with tarfile.open(layer.write()) as archive:
        stream = archive.extractfile("etc/passwd")
        assert stream is not None
        assert [line.split(":")[2] for line in stream.read().decode().splitlines()] == ["0", "999"]


def test_scripts_of_a_module_are_made_executable(tree: Path, tmp_path: Path) -> None:
    layer = Layer(tmp_path / "layer.tar")
    layer.tree(tree, "/app")
    layer.make_executable("/app/one")
    with tarfile.open(layer.write()) as archive:
        assert archive.getmember("app/one").mode == 0o755
        assert archive.getmember("app/b/two").mode == 0o644
