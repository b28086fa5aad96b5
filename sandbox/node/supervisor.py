"""The node's supervisor (supervisord): starts registry, containerd and kubelet, and restarts what dies."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from sandbox.paths import Paths
from sandbox.process import run

START_DEADLINE = 20.0
"""Seconds for supervisord to open its socket; it takes half a second on an idle machine."""

HOLD_DEADLINE = 60.0
"""Seconds for a program to run without ending: after a power cut a kubelet may start some times before its runtime."""

STOP_DEADLINE = 40.0
"""Seconds for all programs to end: twice what supervisord gives one before it kills it."""

ALREADY_STARTED = 60
NOT_RUNNING = 70
"""Fault codes of supervisord's API."""


class Supervisor:
    """supervisord by its socket."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.socket = paths.run / "supervisor.sock"

    @property
    def _api(self) -> Any:
        # The host is not used: the transport goes through the socket.
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        return ServerProxy("http://localhost", transport).supervisor

    def running(self) -> bool:
        """Whether supervisord answers."""
        try:
            return bool(self._api.getState()["statename"] == "RUNNING")
        except (OSError, Fault):
            return False

    def ensure(self) -> None:
        """Start supervisord unless it runs; first end what a killed one left behind."""
        if self.running():
            # A changed configuration file is taken up, unchanged programs go on.
            self._update()
            return
        self.end_orphans()
        self.socket.unlink(missing_ok=True)
        for folder in (self.paths.run, self.paths.logs, Path("/run/cairn")):
            folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.paths.home / "supervisord.conf")]
        run(command, cwd=Path("/"))
        deadline = time.monotonic() + START_DEADLINE
        while not self.running():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"supervisord: no answer in {START_DEADLINE:.0f} s; see {self.paths.logs}/supervisord.log"
                )
            time.sleep(0.05)

    def start(self, name: str, wait: bool = True) -> None:
        """Start a program unless it runs, and wait until it holds: one that ends at once is started again.

        Raises RuntimeError, which names its log, when it does not hold in time.
        """
        try:
            self._api.startProcess(name, False)
        except Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise RuntimeError(f"{name}: {fault.faultString}; see {self._log_of(name)}") from fault
        deadline = time.monotonic() + HOLD_DEADLINE
        while wait and (state := self.status().get(name)) != "RUNNING":
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name}: still {state} after {HOLD_DEADLINE:.0f} s; see {self._log_of(name)}")
            time.sleep(0.05)

    def stop(self, name: str) -> None:
        """Stop a program unless it is stopped."""
        try:
            self._api.stopProcess(name, True)
        except Fault as fault:
            if fault.faultCode != NOT_RUNNING:
                raise

    def status(self) -> dict[str, str]:
        """Program -> state as supervisord names it (RUNNING, BACKOFF ...); empty when it does not run."""
        if not self.running():
            return {}
        return {entry["name"]: entry["statename"] for entry in self._api.getAllProcessInfo()}

    def shutdown(self) -> None:
        """Stop all programs and supervisord itself, and wait until it is gone."""
        if self.running():
            process = psutil.Process(self._api.getPID())
            self._api.shutdown()
            # One that hangs is killed below, with what it supervises.
            psutil.wait_procs([process], timeout=STOP_DEADLINE)
        self.end_orphans()

    def end_orphans(self) -> None:
        """End programs of this sandbox that outlived a killed supervisord: known by their command in our folder."""
        # The supervisor first: it would restart the others.
        orphans = sorted(self.orphans(), key=lambda process: not _is_supervisor(process))
        for process in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(orphans, timeout=STOP_DEADLINE)

    def orphans(self) -> Iterator[psutil.Process]:
        """Programs of this sandbox that run, whether or not supervisord does."""
        kubelet_flags = "--config=/var/lib/kubelet/config.yaml"
        ours = {
            f"{self.paths.home}/registry.yaml",
            f"{self.paths.home}/containerd.toml",
            f"{self.paths.home}/supervisord.conf",
        }
        for process in psutil.process_iter(["cmdline", "exe"]):
            words = set(process.info["cmdline"] or [])
            ran_from_cache = (process.info["exe"] or "").startswith(str(self.paths.cache))
            if words & ours or (ran_from_cache and kubelet_flags in words):
                yield process

    def _log_of(self, name: str) -> Path:
        return self.paths.logs / f"{name}.log"

    def _update(self) -> None:
        added, changed, removed = self._api.reloadConfig()[0]
        for name in [*changed, *removed]:
            self._api.stopProcessGroup(name, True)
            self._api.removeProcessGroup(name)
        for name in [*changed, *added]:
            self._api.addProcessGroup(name)


def _is_supervisor(process: psutil.Process) -> bool:
    return "supervisor.supervisord" in (process.info["cmdline"] or [])
