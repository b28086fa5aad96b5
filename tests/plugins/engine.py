"""Runs small programs with the real engine and the plugins that are tested, each stack in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.paths import REPOSITORY, Paths
from sandbox.plugins.install import install

HEAD = """
import json
import pulumi
from pulumi import ResourceOptions as Opts
from pulumi_kubernetes import Provider, apiextensions, apps, batch, core, helm, networking, yaml
NS = {namespace!r}
"""
SECONDS = 240
PASSPHRASE = "of a test"


@dataclass(frozen=True)
class Step:
    """What the engine would do with one resource."""

    op: str
    type: str
    name: str
    detail: dict[str, Any]
    """Property path -> {kind, inputDiff}."""


@dataclass
class Stack:
    """One program's stack."""

    folder: Path
    namespace: str
    environment: dict[str, str]

    @classmethod
    def make(cls, folder: Path, namespace: str, paths: Paths) -> Stack:
        """An empty one."""
        home = folder / "home"
        install(home, Path(sys.executable), REPOSITORY)
        # The engine's debug log is kept off, as in the sandbox: a run with it was seen to hang before its first step.
        (home / "logs").write_text("none\n")
        (folder / "backend").mkdir()
        (folder / "Pulumi.yaml").write_text("name: plugins\nruntime: python\n")
        environment = {
            **os.environ,
            "PATH": f"{paths.bin}:{os.environ['PATH']}",
            "KUBECONFIG": str(paths.kubeconfig),
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        stack = cls(folder, namespace, environment)
        stack.program("")
        stack.run("stack", "select", "--create", "test")
        return stack

    def program(self, text: str) -> None:
        """Write the program; it finds NS, its namespace, and the modules of the SDK."""
        head = HEAD.format(namespace=self.namespace)
        (self.folder / "__main__.py").write_text(head + textwrap.dedent(text))

    def run(self, *arguments: str, fails: bool = False, **environment: str) -> str:
        """What pulumi printed; it must succeed, or fail."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert bool(done.returncode) is fails, f"pulumi {' '.join(arguments)} ended with {done.returncode}:\n{printed}"
        return printed

    def up(self, *options: str, fails: bool = False, **environment: str) -> str:
        """Bring the cluster to what the program says."""
        return self.run("up", "--yes", "--skip-preview", "--suppress-progress", *options, fails=fails, **environment)

    def destroy(self) -> str:
        """Remove all of it."""
        return self.run("destroy", "--yes", "--skip-preview", "--suppress-progress")

    def plan(self, *options: str) -> list[Step]:
        """What an update would do, without what stays the same."""
        told = json.loads(self.run("preview", "--json", *options))
        return [
            Step(step["op"], *step["urn"].split("::")[2:4], step.get("detailedDiff") or {})
            for step in told.get("steps", [])
            if step["op"] not in ("same", "refresh")
        ]

    def state(self, name: str) -> dict[str, Any]:
        """A resource as the stack keeps it."""
        exported = json.loads(self.run("stack", "export"))
        (found,) = [r for r in exported["deployment"]["resources"] if r["urn"].endswith(f"::{name}")]
        return dict(found)


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """What kubectl printed; it must succeed."""
    paths = Paths()
    command = [str(paths.bin / "kubectl"), f"--kubeconfig={paths.kubeconfig}", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def live(kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
    """An object as the cluster has it; None when it is not there."""
    place = ["-n", namespace] if namespace else []
    text = kubectl("get", kind, name, *place, "-o", "json", "--ignore-not-found", "--show-managed-fields")
    return dict(json.loads(text)) if text else None
