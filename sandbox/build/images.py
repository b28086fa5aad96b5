"""OCI images of the recipes in upstream.yaml, pushed by crane to the node's registry under their upstream names."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from components.upstream import Image, Upstreams
from sandbox import files
from sandbox.build import rootfs
from sandbox.build.layer import Layer
from sandbox.paths import Paths
from sandbox.process import run

KEY_LABEL = "dev.cairn.recipe"
"""Label of an image that holds the key of what it was made of."""

FORMAT = "1"
"""Raised when this module would make another image of the same recipe."""


def marker_name(reference: str) -> str:
    """The file that remembers what an image in the registry was made of: its reference as one name."""
    return reference.replace("/", "_").replace(":", "@")


class Images:
    """The images of upstream.yaml, given the commands and frontends that go into them."""

    def __init__(
        self,
        upstreams: Upstreams,
        paths: Paths,
        commands: Mapping[str, Path],
        source: Callable[[str], Path],
        frontend: Callable[[str], Path],
        registry: str,
    ) -> None:
        self.upstreams = upstreams
        self.paths = paths
        self.commands = commands
        self.source = source
        """Upstream -> the folder of its module's source."""
        self.frontend = frontend
        """Upstream -> the folder of its built web frontend."""
        self.registry = registry

    def missing(self) -> list[str]:
        """References of the images that the registry does not have as they would be made now."""
        return [reference for reference in self.upstreams.images if not self._current(reference)]

    def make(self, reference: str, log: Path) -> None:
        """Build one image and push it."""
        image = self.upstreams.images[reference]
        target = f"{self.registry}/{reference}"
        crane = self.commands["crane"]
        with tempfile.TemporaryDirectory(dir=self.paths.cache) as scratch:
            layers = []
            if image.base:
                layers.append(rootfs.make(image.base, self.upstreams.bases[image.base], self.paths, log))
            layers.append(self._layer(image, Path(scratch), log).write())
            flags = [flag for layer in layers for flag in ("-f", str(layer))]
            run([crane, "append", "--oci-empty-base", *flags, "-t", target], log=log)
            run([crane, "mutate", target, *self._settings(reference, image), "-t", target], log=log)
        marker = self._marker(reference)
        files.write(marker, self.key(reference))

    def key(self, reference: str) -> str:
        """Content key of an image: its recipe, the commands in it and its base."""
        image = self.upstreams.images[reference]
        used = {copy.upstream or copy.frontend or "" for copy in image.copies} | {
            c.upstream for c in image.compiled.values()
        }
        parts = [
            FORMAT,
            image.model_dump_json(),
            # A command lies in a folder that is named by its content key.
            *(self.commands[name].parent.name for name in sorted(image.commands)),
            *(self.upstreams[name].version for name in sorted(used)),
            rootfs.key(self.upstreams.bases[image.base]) if image.base else "",
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def _marker(self, reference: str) -> Path:
        return self.paths.cache / "registry" / "keys" / marker_name(reference)

    def _current(self, reference: str) -> bool:
        marker = self._marker(reference)
        return marker.exists() and marker.read_text() == self.key(reference)

    def _settings(self, reference: str, image: Image) -> list[str]:
        settings = ["--set-platform=linux/amd64", f"--label={KEY_LABEL}={self.key(reference)}"]
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        settings += [f"--env={name}={value}" for name, value in {**path, **image.env}.items()]
        if image.entrypoint:
            settings.append(f"--entrypoint={','.join(image.entrypoint)}")
        if image.cmd:
            settings.append(f"--cmd={','.join(image.cmd)}")
        if image.user:
            settings.append(f"--user={image.user}")
        if image.workdir:
            settings.append(f"--workdir={image.workdir}")
        return settings

    def _layer(self, image: Image, scratch: Path, log: Path) -> Layer:
        layer = Layer(scratch / "layer.tar")
        base = rootfs.tarball(image.base, self.upstreams.bases[image.base], self.paths) if image.base else None
        for copy in image.copies:
            root = self.source(copy.upstream) if copy.upstream else self.frontend(copy.frontend or "")
            layer.tree(root / copy.source, copy.to)
        for name, path in image.commands.items():
            layer.file(path, self.commands[name], mode=0o755)
        for path, compiled in image.compiled.items():
            binary = scratch / Path(path).name
            source = self.source(compiled.upstream) / compiled.path
            version = self.upstreams[compiled.upstream].version
            run(["gcc", "-Os", "-static", "-s", f"-DVERSION={version}", "-o", binary, source], log=log)
            layer.file(path, binary, mode=0o755)
        for path in image.executable:
            layer.make_executable(path)
        for path, value in image.directories.items():
            user, group, mode = value.split(":")
            layer.directory(path, f"{user}:{group}", int(mode, 8))
        for path, target in image.links.items():
            layer.link(path, target)
        if image.accounts:
            layer.accounts(image.accounts, base)
        return layer
