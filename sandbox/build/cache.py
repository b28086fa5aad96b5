"""The cache's limit: what no pin names any more goes, and Go's own caches stay below a size."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from components.upstream import Upstreams
from sandbox.build import rootfs
from sandbox.build.images import marker_name
from sandbox.paths import Paths
from sandbox.process import run

LIMIT_VARIABLE = "CAIRN_CACHE_LIMIT"
DEFAULT_LIMIT = "15GiB"
"""Of Go's caches. A cold start leaves more (25 GiB were measured); commands and images need nothing of it."""

UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


class CacheLimitError(ValueError):
    """CAIRN_CACHE_LIMIT is no size."""


def limit(environment: Mapping[str, str] = os.environ) -> int:
    """Bytes that Go's caches may have, from CAIRN_CACHE_LIMIT (`15GiB`, `800MiB`)."""
    given = environment.get(LIMIT_VARIABLE) or DEFAULT_LIMIT
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]iB|)", given.strip())
    if not match:
        raise CacheLimitError(f"{LIMIT_VARIABLE}: expected a size such as {DEFAULT_LIMIT} or 800MiB, got {given!r}")
    return int(float(match[1]) * UNITS[match[2]])


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(size for _, size, _ in _files(folder))


class Cache:
    """What may be taken out of the cache without any pin missing it."""

    def __init__(self, paths: Paths, upstreams: Upstreams) -> None:
        self.folder = paths.cache
        self.paths = paths
        self.upstreams = upstreams

    def prune_go(self, most: int) -> int:
        """Bring Go's caches below `most` bytes; gives the bytes freed.

        First the archives of modules, whose content lies unpacked beside them, then compiled objects, the longest
        unused first (Go renews the time of those it uses), then the sources: a build fetches and compiles again what
        it misses.
        """
        build, modules = self.folder / "go" / "build", self.folder / "go" / "mod"
        over = size(self.folder / "go") - most
        freed = 0
        archives = (entry for entry in _files(modules / "cache" / "download") if entry[2].suffix == ".zip")
        for _, length, path in [*sorted(archives), *sorted(_files(build))]:
            if freed >= over:
                return freed
            path.unlink(missing_ok=True)
            freed += length
        if freed < over:
            freed += size(modules)
            # Go makes the sources read-only, folders too: its own command removes them.
            run(["go", "clean", "-modcache"], env={"GOMODCACHE": str(modules), "GOFLAGS": ""})
        return freed

    def prune_commands(self, current: Collection[Path]) -> list[str]:
        """Remove commands that are not among the current ones (`commands/<name>/<key>/<name>`); gives their names."""
        kept = {path.parent for path in current}
        removed = []
        for folder in sorted((self.folder / "commands").glob("[!.]*/*")):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)
                removed.append(f"{folder.parent.name}/{folder.name}")
        for parent in (self.folder / "commands").glob("[!.]*"):
            if not any(parent.iterdir()):
                parent.rmdir()
        return removed

    def prune_layers(self, frontends: Collection[Path]) -> list[str]:
        """Remove root file systems and frontends that no recipe names any more; gives their names."""
        kept = {rootfs.tarball(name, base, self.paths) for name, base in self.upstreams.bases.items()}
        kept |= {path.with_name(path.name.removesuffix(".tar.gz") + ".packages") for path in kept}
        kept |= set(frontends)
        removed = []
        for path in sorted([*(self.folder / "bases").glob("*"), *(self.folder / "frontends").glob("*")]):
            if path not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed.append(path.name)
        return removed

    def stale_images(self) -> list[str]:
        """Markers of images that were made here and that upstream.yaml does not name any more."""
        named = {marker_name(reference) for reference in self.upstreams.images}
        there = (path.name for path in (self.folder / "registry" / "keys").glob("[!.]*"))
        return sorted(name for name in there if name not in named)

    def prune_registry(self, stop: Callable[[], None], start: Callable[[], None], registry: Path) -> list[str]:
        """Take the tags of stale images away and collect what no manifest names; gives the images' names.

        Images that others pushed (with tags) stay. The registry stands still meanwhile: it remembers its blobs.
        """
        stale = self.stale_images()
        repositories = self.folder / "registry" / "docker" / "registry" / "v2" / "repositories"
        for name in stale:
            repository, _, tag = name.rpartition("@")
            for tags in repositories.glob("**/_manifests/tags"):
                if str(tags.parent.parent.relative_to(repositories)).replace("/", "_") == repository:
                    shutil.rmtree(tags / tag, ignore_errors=True)
        stop()
        try:
            configuration = self.paths.home / "registry.yaml"
            run([registry, "garbage-collect", "--delete-untagged", configuration], log=self.paths.logs / "collect.log")
        finally:
            start()
        # The markers last: interrupted before, the next run does it again.
        for name in stale:
            (self.folder / "registry" / "keys" / name).unlink(missing_ok=True)
        return stale


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Time of last use, size and path of every file."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            yield found.st_mtime, found.st_size, path
