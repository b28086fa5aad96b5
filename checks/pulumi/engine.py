"""Pulumi on the platform's stack, as a user of this clone runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from checks.check import UnmetError
from checks.cluster import Cluster

REPOSITORY = Path(__file__).resolve().parents[2]

STACK = threading.RLock()
"""Held while the stack is worked on: Pulumi lets one command at a time near it."""

Change = dict[str, int]
"""How many resources each operation concerns: {"same": 40, "update": 1}."""


def command(cluster: Cluster, *arguments: str) -> list[str]:
    """In the sandbox through its own command, which knows backend and passphrase; else plain pulumi."""
    if (cluster.access.home / "pulumi").is_dir():
        return [sys.executable, "-m", "sandbox", "pulumi", "--", *arguments]
    return ["pulumi", *arguments, "--non-interactive"]


def run(cluster: Cluster, *arguments: str) -> str:
    """What pulumi printed; raises UnmetError when it fails or the deadline passes."""
    told = f"`pulumi {' '.join(arguments)}` to succeed"
    with STACK:
        try:
            done = subprocess.run(
                command(cluster, *arguments),
                cwd=REPOSITORY,
                capture_output=True,
                text=True,
                timeout=max(1.0, cluster.deadline.left()),
            )
        except subprocess.TimeoutExpired:
            raise UnmetError(told, f"it was still running after {cluster.deadline.seconds:.0f} s") from None
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise UnmetError(told, f"status {done.returncode}:\n{tail}", "`python -m sandbox pulumi -- preview --diff`")
    return done.stdout


def preview(cluster: Cluster, *arguments: str) -> Change:
    """What `up` would do, without what stays as it is."""
    summary = _json(run(cluster, "preview", "--json", *arguments)).get("changeSummary") or {}
    return {str(operation): int(count) for operation, count in summary.items() if operation != "same"}


def resources(cluster: Cluster) -> list[dict[str, Any]]:
    """The stack's resources, as in its state."""
    return list(_json(run(cluster, "stack", "export"))["deployment"].get("resources") or [])


def _json(printed: str) -> dict[str, Any]:
    """The JSON document in an output that may have warnings before it."""
    start = printed.find("{")
    try:
        return dict(json.loads(printed[start:]))
    except ValueError:
        raise UnmetError("pulumi to print JSON", printed[:300] or "nothing") from None
