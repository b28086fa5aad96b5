"""`make up`: the steps from a bare machine to the platform, each of which does only what is still to be done."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from components.upstream import BUNDLE_VARIABLE, Upstreams
from sandbox import hosts, preflight, trust
from sandbox.build import rootfs
from sandbox.build.bundle import Bundle
from sandbox.build.cache import Cache, limit
from sandbox.build.download import Downloads, PulledImages
from sandbox.build.frontend import Frontend
from sandbox.build.go import Workspace
from sandbox.build.images import Images
from sandbox.engine import Engine
from sandbox.node import addons, kernel, layout
from sandbox.node.kubernetes import Cluster
from sandbox.node.supervisor import Supervisor
from sandbox.origin import Origin, decide, remember
from sandbox.paths import Paths
from sandbox.process import run
from sandbox.progress import Step, Task

PACKAGES = ["runc", "iptables", "ipset", "conntrack", "mmdebstrap", "ethtool", "kmod", "gcc", "libc6-dev", "git"]
"""Debian packages of the machine itself: container runtime, firewall, and what the builds use."""

DOMAIN = "cairn.localhost"
SERVICES = ["git", "argocd"]


class Up:
    """The steps, sharing what they find out."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.upstreams = Upstreams.load()
        self.origin = Origin.BUILD
        self.downloads = Downloads(paths, self.upstreams)
        names = dict.fromkeys(command.workspace for command in self.upstreams.commands.values())
        self.workspaces = {name: Workspace(name, paths, self.upstreams) for name in names}
        self.bundle = Bundle(self.upstreams, paths)
        self.frontend = Frontend(self.upstreams, paths)
        self.supervisor = Supervisor(paths)
        self.cache = Cache(paths, self.upstreams)

    def tasks(self) -> list[Task]:
        """In order; every one can be run again."""
        return [
            Task("preflight", self.preflight),
            Task("packages", self.packages),
            Task("commands", self.commands),
            Task("images", self.images),
            Task("node", self.node),
            Task("addons", self.addons),
            Task("platform", self.platform),
        ]

    def preflight(self, step: Step) -> None:
        """Nothing is changed before it has passed."""
        self.origin, why = decide(self.paths, self.downloads.urls("kubectl")[1])
        notes = preflight.check(self.paths, building=self.origin is Origin.BUILD)
        limit()
        remember(self.paths, self.origin)
        if self.origin is Origin.BUILD:
            os.environ.setdefault(BUNDLE_VARIABLE, str(self.paths.bundle))
        step.say("; ".join([why, *notes]))

    def packages(self, step: Step) -> None:
        """Debian packages that are not there yet."""
        listed = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n", *PACKAGES],
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        there = {line[3:].strip() for line in listed.splitlines() if line.startswith("ii")}
        missing = [name for name in PACKAGES if name not in there]
        if missing:
            step.say(f"installing {', '.join(missing)}")
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            run(["apt-get", "update", "-q"], log=step.log, env=quiet)
            run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], log=step.log, env=quiet)
        step.say(f"{len(missing)} installed, {len(there)} there" if missing else "all there")

    def commands(self, step: Step) -> None:
        """Compile what is not in the cache; the images' root file systems are made beside it."""
        if self.origin is Origin.DOWNLOAD:
            self._download(step)
            return
        with ThreadPoolExecutor(max_workers=1) as beside:
            bases = [
                beside.submit(rootfs.make, name, base, self.paths, step.log)
                for name, base in self.upstreams.bases.items()
            ]
            missing = {name: workspace.missing() for name, workspace in self.workspaces.items()}
            for name, commands in missing.items():
                if commands:
                    self._compile(self.workspaces[name], commands, step)
            step.say("manifests and pages")
            self.bundle.take_missing(lambda name: self.source(name, step.log))
            if self.frontend.missing():
                self.frontend.build(self.source("gitea", step.log), step.log)
            for base in bases:
                base.result()
        layout.link_commands(self.paths, self.built())
        count = sum(len(commands) for commands in missing.values())
        self._prune_commands()
        self.cache.prune_layers([self.frontend.target])
        if count:
            self.cache.prune_go(limit())
        step.say(f"{count} built, {len(self.upstreams.commands) - count} from the cache")

    def images(self, step: Step) -> None:
        """Fill the node's registry."""
        layout.write(self.paths, self.upstreams)
        self.supervisor.ensure()
        self.supervisor.start("registry")
        images = (PulledImages if self.origin is Origin.DOWNLOAD else Images)(
            self.upstreams,
            self.paths,
            self.built(),
            lambda name: self.source(name, step.log),
            lambda _: self.frontend.target,
            layout.REGISTRY,
        )
        missing = images.missing()
        for index, reference in enumerate(missing):
            step.say(reference, index / len(missing))
            images.make(reference, step.log)
        if missing or self.cache.stale_images():
            step.say("removing what no image uses any more")
            self.cache.prune_registry(
                lambda: self.supervisor.stop("registry"),
                lambda: self.supervisor.start("registry"),
                self.paths.bin / "registry",
            )
        step.say(f"{len(missing)} built, {len(self.upstreams.images) - len(missing)} from the cache")

    def node(self, step: Step) -> None:
        """The control plane and the kubelet."""
        kernel.apply(self.paths)
        trust.ensure_authority(self.paths)
        self.supervisor.start("containerd")
        cluster = self.cluster(step)
        cluster.start()
        hosts.write(f"{service}.{DOMAIN}" for service in SERVICES)
        step.say(f"Kubernetes {self.upstreams['kubernetes'].version}, node Ready")

    def addons(self, step: Step) -> None:
        """Network policy, storage, metrics, names."""
        addons.install(self.cluster(step), self.upstreams, self.paths, DOMAIN)
        step.say("network policy, volumes, metrics, DNS")

    def platform(self, step: Step) -> None:
        """The program itself."""
        engine = Engine(self.paths)
        engine.prepare(step.log)
        run(
            [*engine.command("up", "--yes", "--skip-preview", "--suppress-progress", "--color=never")],
            cwd=Path(__file__).parent.parent,
            env=engine.environment(),
            log=step.log,
            on_line=lambda line: step.say(line.strip()[:90]) if line.strip() else None,
        )
        step.say("pulumi up done")

    def cluster(self, step: Step) -> Cluster:
        """kubeadm and kubectl, writing to this step's log."""
        return Cluster(self.paths, self.supervisor, step.log)

    def built(self) -> dict[str, Path]:
        """Every command in the cache: the releases, or those that were compiled here."""
        if self.origin is Origin.DOWNLOAD:
            return {name: path for name in self.downloads.commands if (path := self.downloads.current(name))}
        found = {name: workspace.current(name) for workspace in self.workspaces.values() for name in workspace.commands}
        return {name: path for name, path in found.items() if path is not None}

    def source(self, upstream: str, log: Path) -> Path:
        """The folder of an upstream's Go module."""
        workspace = next(c.workspace for c in self.upstreams.commands.values() if c.upstream == upstream)
        return self.workspaces[workspace].source(self.upstreams[upstream].module or "", log)

    def _download(self, step: Step) -> None:
        missing = self.downloads.missing()
        for index, name in enumerate(missing):
            step.say(name, index / len(missing))
            self.downloads.fetch(name)
        layout.link_commands(self.paths, self.built())
        self._prune_commands()
        step.say(f"{len(missing)} downloaded, {len(self.downloads.commands) - len(missing)} from the cache")

    def _prune_commands(self) -> None:
        """Older versions go; what is current stays by either origin, so that one can go back to the other."""
        compiled = [space.current(name) for space in self.workspaces.values() for name in space.commands]
        released = [self.downloads.current(name) for name in self.downloads.commands]
        self.cache.prune_commands([path for path in [*compiled, *released] if path is not None])

    def _compile(self, workspace: Workspace, commands: list[str], step: Step) -> None:
        step.say(f"{workspace.name}: fetching modules")
        total = workspace.package_count(commands)
        seen = 0

        def on_package(line: str) -> None:
            nonlocal seen
            if " " not in line:
                seen += 1
                step.say(f"{workspace.name}: {line}", min(0.99, seen / total))

        workspace.build(commands, step.log, on_package)
