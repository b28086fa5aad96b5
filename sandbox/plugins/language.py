"""Pulumi's language host for Python: tells the engine about the program and runs it with this interpreter."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.plugins.program import ALREADY_TOLD
from sandbox.plugins.serving import serve

PROGRAM = "from sandbox.plugins.program import main; main()"


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The toolchain option of Pulumi.yaml is ignored: the interpreter and its packages are the sandbox's own."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.running: subprocess.Popen[bytes] | None = None

    def Handshake(self, request: Any, context: Any) -> Any:
        """The engine's address in the handshake is the newer one."""
        self.engine = request.engine_address or self.engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def About(self, request: Any, context: Any) -> Any:
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        packages = [
            plugin_pb2.PackageDependency(name=name, kind="resource", version=f"v{found}")
            for name, found in required_plugins()
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        plugins = [
            plugin_pb2.PluginDependency(name=name, kind="resource", version=f"v{found}")
            for name, found in required_plugins()
        ]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        found = [language_pb2.DependencyInfo(name=d.metadata["Name"], version=d.version) for d in distributions()]
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """They are installed: this process runs on them."""
        yield language_pb2.InstallDependenciesResponse(stdout=f"packages of {sys.executable} are used\n".encode())

    def Run(self, request: Any, context: Any) -> Any:
        """Run the program in a process of its own, as `up` runs it twice and its modules hold state."""
        entry = Path(request.info.program_directory) / (request.info.entry_point or request.program or ".")
        order = {
            "engine": request.args[0] if request.args else self.engine,
            "monitor": request.monitor_address,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization or "organization",
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "root_directory": request.info.root_directory,
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
            "program": str(entry),
            "arguments": [] if request.args and len(request.args) == 1 else list(request.args)[1:],
        }
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); {PROGRAM}"
        # The order goes by a pipe, not by arguments or environment: the configuration holds secrets.
        self.running = subprocess.Popen(
            [sys.executable, "-u", "-P", "-c", code], stdin=subprocess.PIPE, cwd=request.pwd or None
        )
        self.running.communicate(json.dumps(order).encode())
        status = self.running.returncode
        if status == 0:
            return language_pb2.RunResponse()
        if status == ALREADY_TOLD:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with exit status {status}")

    def Cancel(self, request: Any, context: Any) -> Any:
        if self.running and self.running.poll() is None:
            self.running.terminate()
        return empty_pb2.Empty()


def required_plugins() -> Iterator[tuple[str, str]]:
    """Name and version of each plugin that an installed Pulumi SDK asks for in its pulumi-plugin.json."""
    for distribution in distributions():
        for file in distribution.files or ():
            if file.name == "pulumi-plugin.json" and len(file.parts) == 2:
                wanted = json.loads(file.read_text())
                if wanted.get("resource"):
                    yield wanted.get("name", file.parts[0]), wanted.get("version", distribution.version)


def main() -> None:
    """The engine's address is the last argument."""
    host = LanguageHost(sys.argv[-1])
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server), threads=8)
