"""The bill of materials of what was built here: Go modules, Debian packages, npm packages, as CycloneDX."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from components.upstream import LOADER, Upstreams
from sandbox.build import rootfs
from sandbox.build.frontend import TOOLS
from sandbox.paths import Paths


class Inventory:
    """Components by what they are part of: a command, a root file system, the frontend's build."""

    def __init__(
        self, paths: Paths, upstreams: Upstreams, commands: Mapping[str, Path], frontend_lock: Path | None
    ) -> None:
        self.paths = paths
        self.upstreams = upstreams
        self.commands = commands
        self.frontend_lock = frontend_lock
        """pnpm-lock.yaml in Gitea's module; None when its pages were not built here."""

    def document(self) -> str:
        """The CycloneDX 1.6 document (JSON)."""
        return JsonV1Dot6(self.bom()).output_as_string(indent=2)

    def bom(self) -> Bom:
        """All components, each once, with what depends on what."""
        cairn = Component(name="cairn-sandbox", type=ComponentType.PLATFORM, bom_ref="cairn-sandbox")
        bom = Bom()
        bom.metadata.component = cairn
        known: dict[str, Component] = {}
        tops = [*self._commands(bom, known), *self._bases(bom, known), *self._frontends(bom, known)]
        bom.register_dependency(cairn, tops)
        return bom

    def _commands(self, bom: Bom, known: dict[str, Component]) -> Iterable[Component]:
        for name, path in sorted(self.commands.items()):
            upstream = self.upstreams[self.upstreams.commands[name].upstream]
            command = Component(
                name=name,
                version=upstream.version,
                type=ComponentType.APPLICATION,
                bom_ref=f"command/{name}",
                licenses=[DisjunctiveLicense(name=upstream.licence)],
            )
            modules = json.loads((path.parent / "modules.json").read_text())["modules"]
            yield _with_parts(bom, known, command, (_go(module) for module in modules))

    def _bases(self, bom: Bom, known: dict[str, Component]) -> Iterable[Component]:
        for name, base in sorted(self.upstreams.bases.items()):
            tarball = rootfs.tarball(name, base, self.paths)
            listed = tarball.with_name(tarball.name.removesuffix(".tar.gz") + ".packages")
            if not listed.exists():
                continue
            top = Component(
                name=f"debian-{name}", version=base.suite, type=ComponentType.OPERATING_SYSTEM, bom_ref=f"base/{name}"
            )
            lines = (line.split() for line in listed.read_text().splitlines())
            parts = (_debian(package, version, base.suite) for package, version in lines)
            yield _with_parts(bom, known, top, parts)

    def _frontends(self, bom: Bom, known: dict[str, Component]) -> Iterable[Component]:
        if self.frontend_lock is None:
            return
        gitea = self.upstreams["gitea"]
        top = Component(
            name="gitea-frontend", version=gitea.version, type=ComponentType.APPLICATION, bom_ref="frontend/gitea"
        )
        tools = json.loads((TOOLS / "package-lock.json").read_text())["packages"]
        parts = [
            _npm(path.rpartition("node_modules/")[2], package["version"]) for path, package in tools.items() if path
        ]
        # Keys are `name@version`, where a scoped name begins with another @.
        locked = yaml.load(self.frontend_lock.read_text(), Loader=LOADER)["packages"]
        parts += [_npm(*key.rsplit("@", 1)) for key in locked]
        yield _with_parts(bom, known, top, parts)


def _with_parts(bom: Bom, known: dict[str, Component], top: Component, parts: Iterable[PackageURL]) -> Component:
    bom.components.add(top)
    found = []
    for url in parts:
        reference = url.to_string()
        if reference not in known:
            name = f"{url.namespace}/{url.name}" if url.namespace and url.type != "deb" else url.name
            known[reference] = Component(
                name=name, version=url.version, type=ComponentType.LIBRARY, purl=url, bom_ref=reference
            )
            bom.components.add(known[reference])
        found.append(known[reference])
    bom.register_dependency(top, found)
    return top


def _go(module: str) -> PackageURL:
    path, _, version = module.partition("@")
    namespace, _, name = path.rpartition("/")
    return PackageURL("golang", namespace or None, name, version)


def _debian(name: str, version: str, suite: str) -> PackageURL:
    return PackageURL("deb", "debian", name, version, {"arch": "amd64", "distro": suite})


def _npm(name: str, version: str) -> PackageURL:
    namespace, _, bare = name.rpartition("/")
    return PackageURL("npm", namespace or None, bare, version)
