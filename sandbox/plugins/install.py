"""Puts launchers of the stand-ins where the Pulumi engine looks for installed plugins."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

EXECUTABLE = 0o755


@dataclass(frozen=True)
class Plugin:
    """One plugin: what the engine calls it, which version it says it is, and what runs it."""

    kind: str
    name: str
    distribution: str
    """Python distribution whose version the plugin has: the engine matches plugins to what the program asks for."""
    python: str
    """Options of the interpreter."""
    start: str
    """Statements that import the plugin and run it."""

    def folder(self) -> str:
        """`<kind>-<name>-v<version>`, as `pulumi plugin install` names it."""
        return f"{self.kind}-{self.name}-v{version(self.distribution)}"

    def executable(self) -> str:
        """The file in that folder that the engine starts."""
        return f"pulumi-{self.kind}-{self.name}"


PLUGINS = (
    Plugin("language", "python", "pulumi", "-P", "from sandbox.plugins.language import main; main()"),
    Plugin(
        "resource", "kubernetes", "pulumi-kubernetes", "-P", "from sandbox.plugins.kubernetes.serve import main; main()"
    ),
    # Without -P: a dynamic provider's code is the program's own and imports its modules from the working directory.
    Plugin(
        "resource",
        "pulumi-python",
        "pulumi",
        "",
        "import runpy; runpy.run_module('pulumi.dynamic', run_name='__main__', alter_sys=True)",
    ),
)


def install(pulumi_home: Path, python: Path, repository: Path) -> None:
    """Write the launchers below `<pulumi_home>/plugins`; running it again changes nothing.

    `python` is the interpreter that has the Pulumi SDK; `repository` is the folder that holds the package `sandbox`.
    """
    for plugin in PLUGINS:
        folder = pulumi_home / "plugins" / plugin.folder()
        folder.mkdir(parents=True, exist_ok=True)
        launcher = folder / plugin.executable()
        # The path is set inside Python: PYTHONPATH would reach the commands that a plugin runs.
        code = f"import sys; sys.path.insert(0, {str(repository)!r}); {plugin.start}"
        text = f'#!/bin/sh\nexec {shlex.quote(str(python))} -u {plugin.python} -c {shlex.quote(code)} "$@"\n'
        if not launcher.exists() or launcher.read_text() != text:
            launcher.write_text(text)
        launcher.chmod(EXECUTABLE)
