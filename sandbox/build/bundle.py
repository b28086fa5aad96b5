"""Manifests and charts of the pinned upstreams, taken out of their Go modules: what `CAIRN_BUNDLE` points at."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from components.upstream import Upstreams
from sandbox import files
from sandbox.paths import Paths

VERSION = ".version"
"""Beside what was taken: the version that it was taken of."""


class Bundle:
    """A folder `<upstream>/<path>`, with the version of each beside it."""

    def __init__(self, upstreams: Upstreams, paths: Paths) -> None:
        self.upstreams = upstreams
        self.folder = paths.bundle

    def missing(self) -> list[str]:
        """Upstreams whose manifest or chart is not there at the pinned version."""
        return [name for name in self._wanted() if not self._current(name)]

    def take(self, name: str, source: Path) -> None:
        """Copy what is published inside the module."""
        with files.folder(self.folder / name) as target:
            for path in self._wanted()[name]:
                origin = source / path
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                if origin.is_dir():
                    shutil.copytree(origin, target / path, copy_function=shutil.copyfile)
                else:
                    shutil.copyfile(origin, target / path)
            (target / VERSION).write_text(self.upstreams[name].version)

    def take_missing(self, source: Callable[[str], Path]) -> None:
        """Copy all that is missing; `source` gives the folder of an upstream's module."""
        for name in self.missing():
            self.take(name, source(name))

    def _wanted(self) -> dict[str, list[str]]:
        found = {}
        for name, upstream in self.upstreams.upstreams.items():
            paths = [published.path for published in (upstream.manifest, upstream.chart) if published]
            if paths:
                found[name] = paths
        return found

    def _current(self, name: str) -> bool:
        version = self.folder / name / VERSION
        complete = all((self.folder / name / path).exists() for path in self._wanted()[name])
        return complete and version.exists() and version.read_text() == self.upstreams[name].version
