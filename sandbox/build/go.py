"""Commands from Go modules. A command is current when the modules it was built of are those that go.mod names now."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from components.upstream import Command, Upstreams
from sandbox import files
from sandbox.paths import REPOSITORY, Paths
from sandbox.process import run

WORKSPACES = REPOSITORY / "sandbox" / "commands"

# Without debug information the compiler does a fifth less work and the commands are a third smaller.
COMPILE = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"]

TAGS = {"gitea": "sqlite,sqlite_unlock_notify,timetzdata"}
"""Build tags of a workspace: Gitea's own for its rootless image, without `bindata` (the image carries the files)."""

CGO = {"gitea"}
"""Workspaces that need a C compiler: SQLite is C."""

REQUIRE = re.compile(r"^\s*(?:require\s+)?(\S+)\s+(v\S+)", re.MULTILINE)


def stamps(upstream: str, version: str) -> dict[str, str]:
    """The variables that an upstream's own build sets at link time: variable -> value."""
    bare = version.removeprefix("v")
    major, minor, _ = bare.split(".", 2) if bare.count(".") >= 2 else ("", "", "")
    table = {
        "kubernetes": {
            "k8s.io/component-base/version.gitVersion": version,
            "k8s.io/component-base/version.gitMajor": major,
            "k8s.io/component-base/version.gitMinor": minor,
            "k8s.io/component-base/version.gitTreeState": "clean",
        },
        "containerd": {"github.com/containerd/containerd/v2/version.Version": version},
        "argo-cd": {"github.com/argoproj/argo-cd/v3/common.version": bare},
        "traefik": {"github.com/traefik/traefik/v3/pkg/version.Version": bare},
        "helm": {"helm.sh/helm/v4/internal/version.version": version},
        "kustomize": {"sigs.k8s.io/kustomize/api/provenance.version": version},
        "pulumi": {"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": version},
        "gitea": {"main.Version": bare},
    }
    return table.get(upstream, {})


class Workspace:
    """One go.mod with the commands that compile together, so that what they share compiles once."""

    def __init__(self, name: str, paths: Paths, upstreams: Upstreams) -> None:
        self.name = name
        self.folder = WORKSPACES / name
        self.upstreams = upstreams
        self.cache = paths.cache
        self.built = paths.cache / "commands"
        self.commands = {key: command for key, command in upstreams.commands.items() if command.workspace == name}
        self.environment = {
            "GOMODCACHE": str(paths.cache / "go" / "mod"),
            "GOCACHE": str(paths.cache / "go" / "build"),
            "GOFLAGS": "-mod=readonly",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "1" if name in CGO else "0",
        }

    def missing(self) -> list[str]:
        """The commands that have to be built: never built, or built of other versions than are pinned now."""
        return [name for name in self.commands if self.current(name) is None]

    def current(self, name: str) -> Path | None:
        """The command built of exactly the pinned modules, if the cache has it."""
        pinned = self._pinned()
        for record in sorted((self.built / name).glob("*/modules.json")):
            facts = json.loads(record.read_text())
            if facts["recipe"] == self._recipe(self.commands[name]) and set(facts["modules"]) <= pinned:
                return record.parent / name
        return None

    def build(self, names: Iterable[str], log: Path, on_package: Callable[[str], None]) -> None:
        """Compile the commands in one run of the compiler and put each into the cache."""
        names = list(names)
        staging = self.built / ".staging" / self.name
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        flags = [*COMPILE, f"-ldflags={self._link_flags()}", *self._patched(log)]
        if self.name in TAGS:
            flags.append(f"-tags={TAGS[self.name]}")
        together = [name for name in names if not self.commands[name].alone]
        for group in [together, *([name] for name in names if self.commands[name].alone)]:
            packages = [self.commands[name].package for name in group]
            if packages:
                # -o FOLDER/ names each command by its package; -v prints each package as its compilation begins.
                build = ["go", "build", "-v", *flags, "-o", f"{staging}/", *packages]
                run(build, cwd=self.folder, env=self.environment, log=log, on_line=on_package)
        for name in names:
            self._store(name, staging / binary_name(self.commands[name].package))
        shutil.rmtree(staging)

    def package_count(self, names: Iterable[str]) -> int:
        """How many packages the commands are made of, for the progress."""
        packages = [self.commands[name].package for name in names]
        counted: set[str] = set()
        for package in packages:
            counted.update(run(["go", "list", "-deps", package], cwd=self.folder, env=self.environment).split())
        return len(counted)

    def source(self, module: str, log: Path | None = None) -> Path:
        """The folder of a module's source at its pinned version (go.sum checks the download)."""
        run(["go", "mod", "download", module], cwd=self.folder, env=self.environment, log=log)
        query = ["go", "list", "-m", "-f", "{{.Dir}}", module]
        return Path(run(query, cwd=self.folder, env=self.environment).strip())

    def _store(self, name: str, binary: Path) -> None:
        modules = sorted(built_of(binary, self.environment))
        recipe = self._recipe(self.commands[name])
        key = hashlib.sha256(json.dumps([recipe, modules]).encode()).hexdigest()[:16]
        target = self.built / name / key
        target.mkdir(parents=True, exist_ok=True)
        binary.replace(target / name)
        # The record last: a command counts as built when it has one.
        files.write(target / "modules.json", json.dumps({"recipe": recipe, "modules": modules}, indent=1))

    def _link_flags(self) -> str:
        """The stamps of all commands here: the linker ignores those that a command does not have."""
        names = sorted({command.upstream for command in self.commands.values()})
        stamped = [stamps(name, self.upstreams[name].version) for name in names]
        return " ".join(["-s", "-w", *(f"-X {key}={value}" for each in stamped for key, value in each.items())])

    def _recipe(self, command: Command) -> str:
        """Hash of what decides on the command besides its modules."""
        parts = [command.package, *COMPILE, TAGS.get(self.name, "")]
        parts += [
            f"{key}={value}"
            for key, value in stamps(command.upstream, self.upstreams[command.upstream].version).items()
        ]
        parts += [f"{path.relative_to(self.folder)}={path.read_text()}" for path in sorted(self._patches())]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def _pinned(self) -> set[str]:
        """`path@version` of every module in go.mod, replacements included."""
        text = (self.folder / "go.mod").read_text()
        return {f"{path}@{version}" for path, version in REQUIRE.findall(text)} | {
            f"{path}@{version}" for path, version in re.findall(r"=>\s+(\S+)\s+(v\S+)", text)
        }

    def _patches(self) -> list[Path]:
        return [path for path in (self.folder / "patches").rglob("*") if path.is_file()]

    def _patched(self, log: Path) -> list[str]:
        """Flags for a go.mod beside ours in which patched modules are copies with our files laid over them."""
        patches = self._patches()
        if not patches:
            return []
        copy = self.cache / "go" / "patched" / self.name
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        for suffix in ("mod", "sum"):
            shutil.copy(self.folder / f"go.{suffix}", copy / f"go.{suffix}")
        roots = {path.relative_to(self.folder / "patches") for path in patches}
        for module in self._modules():
            mine = [path for path in roots if path.is_relative_to(module)]
            if not mine:
                continue
            origin = self.source(module, log)
            target = copy / "modules" / module
            shutil.copytree(origin, target, copy_function=shutil.copyfile)
            run(["chmod", "-R", "u+w", target])
            for path in mine:
                shutil.copyfile(self.folder / "patches" / path, target / path.relative_to(module))
            run(["go", "mod", "edit", f"-replace={module}={target}", copy / "go.mod"], env=self.environment, log=log)
        return [f"-modfile={copy / 'go.mod'}"]

    def _modules(self) -> set[str]:
        return {entry.rpartition("@")[0] for entry in self._pinned()}


def binary_name(package: str) -> str:
    """What `go build -o folder/` calls the command of a package: the last element that is no major version."""
    elements = package.split("/")
    return elements[-2] if re.fullmatch(r"v\d+", elements[-1]) else elements[-1]


def built_of(binary: Path, environment: dict[str, str]) -> set[str]:
    """`path@version` of every module that a command says it was built of."""
    modules: set[str] = set()
    previous = ""
    for line in run(["go", "version", "-m", binary], env=environment).splitlines():
        words = line.split()
        if words and words[0] in {"mod", "dep", "=>"} and len(words) >= 3 and words[2].startswith("v"):
            if words[0] == "=>":
                modules.discard(previous)
            previous = f"{words[1]}@{words[2]}"
            modules.add(previous)
    return modules
