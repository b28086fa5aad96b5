"""The health scripts, run by Argo CD's own command at the pinned version.

Matrix: HealthProbe (Ready True, False, Unknown, other conditions, none at all) · Application (each health, none yet).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.argocd.configuration import health_checks
from sandbox.paths import Paths


def condition(kind: str, status: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "Because", "message": f"{kind} is {status}"}


def probe(*conditions: dict[str, Any]) -> dict[str, Any]:
    body = {"apiVersion": "checks.cairn.dev/v1alpha1", "kind": "HealthProbe", "metadata": {"name": "licence"}}
    return {**body, "spec": {"subject": "x"}, **({"status": {"conditions": list(conditions)}} if conditions else {})}


def application(status: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, **status}


CASES = [
    ("ready", probe(condition("Ready", "True")), "Healthy", "Ready is True"),
    ("not ready", probe(condition("Ready", "False")), "Degraded", "Ready is False"),
    ("undecided", probe(condition("Ready", "Unknown")), "Progressing", "waiting"),
    ("another condition", probe(condition("Synced", "False")), "Progressing", "waiting"),
    ("ready among others", probe(condition("Synced", "False"), condition("Ready", "True")), "Healthy", "Ready is True"),
    ("no status yet", probe(), "Progressing", "waiting"),
    ("an application that is well", application({"status": {"health": {"status": "Healthy"}}}), "Healthy", ""),
    ("one that is not", application({"status": {"health": {"status": "Degraded"}}}), "Degraded", ""),
    ("one that is new", application({}), "Progressing", ""),
]


@pytest.mark.parametrize(("reason", "body", "health", "message"), CASES, ids=[row[0] for row in CASES])
def test_health(tmp_path: Path, reason: str, body: dict[str, Any], health: str, message: str) -> None:
    command = Paths().bin / "argocd"
    if not command.exists():
        pytest.skip(f"no argocd to run the scripts: {command} is made by `make up`")
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": health_checks()}
    (tmp_path / "cm.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "object.yaml").write_text(yaml.safe_dump(body))
    arguments = ["health", str(tmp_path / "object.yaml"), "--argocd-cm-path", str(tmp_path / "cm.yaml")]
    done = subprocess.run(
        [command, "admin", "settings", "resource-overrides", *arguments],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"STATUS: {health}" in done.stdout, reason
    assert message in done.stdout, f"{reason}: people read why"
