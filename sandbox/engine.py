"""The Pulumi engine in the sandbox's own home: its backend, its passphrase, its plugins, its stack."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import psutil
import yaml

from sandbox import files
from sandbox.origin import Origin, remembered
from sandbox.paths import REPOSITORY, Paths
from sandbox.process import run

STACK = "sandbox"
TAKES_CONFIG = frozenset({"up", "preview", "destroy", "refresh", "config", "import"})
"""Commands of pulumi that read the stack's file."""


class Engine:
    """Runs pulumi with what it needs in its environment."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.home = paths.home / "pulumi-home"
        self.backend = paths.home / "pulumi"
        self.passphrase = paths.home / "pulumi-passphrase"
        # The engine writes a stack's salt beside the project's file: a copy of its name keeps that out of the clone.
        self.project = paths.home / "pulumi-project"
        self.stack_file = self.project / f"Pulumi.{STACK}.yaml"

    def environment(self) -> dict[str, str]:
        """What pulumi and the program find in their environment; nothing in it is secret."""
        return {
            "PATH": f"{self.paths.bin}:{self.home / 'bin'}:{os.environ['PATH']}",
            "KUBECONFIG": str(self.paths.kubeconfig),
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_STACK": STACK,
            **self._offline(),
        }

    def prepare(self, log: Path) -> None:
        """Make backend, passphrase, plugins and stack unless they are there; hand the CA over as a secret."""
        from sandbox.plugins.install import install

        self.backend.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.passphrase.exists():
            files.write(self.passphrase, secrets.token_urlsafe(32), mode=0o600)
        self.release_dead_locks()
        if remembered(self.paths) is Origin.DOWNLOAD:
            self._install_official_plugins(log)
        else:
            install(self.home, Path(sys.executable), REPOSITORY)
        self._without_debug_log()
        self._write_project()
        self._administer("stack", "select", "--create", STACK, log=log)
        self._write_stack()
        for key, path in (("ca.crt", "caCertificate"), ("ca.key", "caKey")):
            value = (self.paths.authority / key).read_text()
            secret = "--secret" if key == "ca.key" else "--plaintext"
            self._administer("config", "set", secret, "--path", f"cairn:ingress.{path}", log=log, stdin=value)

    def interactive(self, *arguments: str) -> int:
        """Run pulumi on this terminal; gives its exit status."""
        env = {**os.environ, **self.environment()}
        return subprocess.run(self.command(*arguments), cwd=REPOSITORY, env=env, check=False).returncode

    def command(self, *arguments: str) -> list[str]:
        """The command line: the stack's file with its secrets lies in the sandbox's home, not in the clone."""
        name, *rest = arguments
        options = ["--config-file", str(self.stack_file)] if name in TAKES_CONFIG else []
        return [str(self.paths.bin / "pulumi"), name, *rest, "--non-interactive", *options]

    def _administer(self, *arguments: str, log: Path, stdin: str | None = None) -> None:
        """Run pulumi on the stack without its program."""
        command = [str(self.paths.bin / "pulumi"), *arguments, "--non-interactive"]
        run(command, cwd=self.project, env=self.environment(), log=log, stdin=stdin)

    def _offline(self) -> dict[str, str]:
        """Where the program finds manifests and charts, unless it downloads them."""
        return {} if remembered(self.paths) is Origin.DOWNLOAD else {"CAIRN_BUNDLE": str(self.paths.bundle)}

    def _install_official_plugins(self, log: Path) -> None:
        """The provider by pulumi itself, in the version of the SDK; the language host is in pulumi's release."""
        beside = (self.paths.bin / "pulumi").resolve().parent
        (self.home / "bin").mkdir(exist_ok=True)
        for path in beside.glob("pulumi-*"):
            files.link(self.home / "bin" / path.name, path)
        self._administer("plugin", "install", "resource", "kubernetes", f"v{version('pulumi-kubernetes')}", log=log)

    def _without_debug_log(self) -> None:
        """Keep the engine from logging every property of every resource, as it does to a folder `logs` in its home.

        It has no setting for that, but does without when there can be no such folder. Measured on this platform: a
        preview without changes takes 10 s in place of 27.
        """
        logs = self.home / "logs"
        if logs.is_dir():
            shutil.rmtree(logs)
        logs.write_text("This file keeps the engine from writing its debug log.\n")

    def _write_project(self) -> None:
        self.project.mkdir(exist_ok=True)
        name = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())["name"]
        (self.project / "Pulumi.yaml").write_text(yaml.safe_dump({"name": name, "runtime": "python"}))

    def _write_stack(self) -> None:
        """The clone's values for the sandbox, beside the secrets that were set before."""
        values = yaml.safe_load((REPOSITORY / "Pulumi.sandbox.yaml").read_text()) or {}
        if self.stack_file.exists():
            old = yaml.safe_load(self.stack_file.read_text()) or {}
            values = {**{key: value for key, value in old.items() if key != "config"}, **values}
        files.write(self.stack_file, yaml.safe_dump(values, sort_keys=False), mode=0o600)

    def release_dead_locks(self) -> None:
        """Take away the stack's locks whose pulumi is gone: one that was killed cannot, and the next would refuse."""
        for lock in self.backend.glob(".pulumi/locks/**/*.json"):
            try:
                holder = int(json.loads(lock.read_text())["pid"])
            except (ValueError, KeyError):  # killed while it wrote the lock
                holder = 0
            if not holder or not psutil.pid_exists(holder):
                lock.unlink(missing_ok=True)
