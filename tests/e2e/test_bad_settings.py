"""Wrong settings are refused before anything is created, as a user sees it who runs pulumi.

Matrix: wrong by itself (a run tells all of it at once) · wrong between settings · of the wrong type · not to be read.
Each row: the key, what was given, and what of the message says what was expected. The previews run on a copy of the
stack's file: `pulumi preview --config` would write into it.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine import STACK, Engine
from sandbox.paths import REPOSITORY
from tests.conftest import Sandbox

Row = tuple[str, Any, str]

BY_ITSELF: list[Row] = [
    ("domain", "localhost", "a DNS name"),
    ("tier", "gold", "'single' or 'ha'"),
    ("domian", "idp.example.org", "did you mean cairn:domain?"),
    ("git.mode", "github", "'internal' or 'external'"),
    ("git.url", "http://git.example.org/a/b", "https://"),
    ("git.host", "git.a", "a DNS label"),
    ("git.organisation", "a/b", "letters"),
    ("git.repository", "a b", "letters"),
    ("git.branch", "a..b", "a Git branch"),
    ("git.storageSize", "5", "5Gi"),
    ("git.brnch", "main", "did you mean cairn:git.branch?"),
    ("ingress.className", "Traefik!", "a DNS label"),
    ("ingress.serviceType", "Tunnel", "'LoadBalancer', 'NodePort' or 'ClusterIP'"),
    ("argocd.host", "", "a DNS label"),
    ("argocd.reconciliation", 1, "from 10 to 3600"),
]

BETWEEN: list[Row] = [
    ("git.host", "argocd", "a label other than argocd.host"),
    ("git.url", "https://git.example.org/a/b", "nothing, since git.mode is internal"),
    ("ingress.hostPorts", True, "false, since ingress.enabled is false"),
    ("ingress.caKey", "", "both the authority's certificate and its key, or neither"),
]

BETWEEN_SETTINGS = {
    "git": {"host": "argocd", "url": "https://git.example.org/a/b"},
    "ingress": {"enabled": False, "hostPorts": True, "caCertificate": "any"},
}

UNREADABLE: list[Row] = [("ingress.caCertificate", "no certificate", "the PEM of a certificate authority")]


@dataclass(frozen=True)
class Preview:
    """A preview with a stack's file of ours."""

    status: int
    printed: str


def nested(rows: list[Row]) -> dict[str, Any]:
    """Dotted keys as the objects that a stack's file holds."""
    found: dict[str, Any] = {}
    for key, value, _ in rows:
        group, dot, name = key.partition(".")
        if dot:
            found.setdefault(group, {})[name] = value
        else:
            found[group] = value
    return found


def preview(sandbox: Sandbox, folder: Path, settings: dict[str, Any]) -> Preview:
    """Run pulumi as a user would who has these settings."""
    engine = Engine(sandbox.paths)
    stack = yaml.safe_load(engine.stack_file.read_text())
    stack["config"] = {f"cairn:{key}": value for key, value in settings.items()}
    file = folder / f"Pulumi.{STACK}.yaml"
    file.write_text(yaml.safe_dump(stack))
    command = [str(sandbox.paths.bin / "pulumi"), "preview", "--non-interactive", "--config-file", str(file)]
    env = {**os.environ, **engine.environment()}
    done = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=120)
    return Preview(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def refusals(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Preview]:
    """Four runs: each tells of all that is wrong in it."""
    wrong = {
        "by itself": nested(BY_ITSELF),
        "between": BETWEEN_SETTINGS,
        "type": {"ingress": {"hostPorts": "yes"}},
        "unreadable": {"ingress": {"caCertificate": "no certificate", "caKey": "no key"}},
    }
    return {name: preview(sandbox, tmp_path_factory.mktemp("stack"), settings) for name, settings in wrong.items()}


ROWS = [
    pytest.param(run, *row, id=f"{row[0]}={row[1]!r}")
    for run, rows in (("by itself", BY_ITSELF), ("between", BETWEEN), ("unreadable", UNREADABLE))
    for row in rows
]


@pytest.mark.parametrize(("run", "key", "given", "expected"), ROWS)
def test_refused(refusals: dict[str, Preview], run: str, key: str, given: Any, expected: str) -> None:
    printed = refusals[run].printed
    told = [line for line in printed.splitlines() if f"cairn:{key}: expected " in line]
    assert told, f"cairn:{key} is named as wrong:\n{printed[-3000:]}"
    assert expected in told[0], f"what was expected of {key} is told: {told[0]}"
    told_given = told[0].partition("got ")[2]
    # Of a key that does not exist the key is what was given; what is missing is called nothing.
    shown = [repr(given), json.dumps(given), key, *(["nothing"] if given == "" else [])]
    assert any(text in told_given for text in shown), f"what was given is told: {told[0]}"


def test_wrong_type_is_refused_by_pulumi_itself(refusals: dict[str, Preview]) -> None:
    """Pulumi.yaml declares the types; so the program is not even started."""
    assert "'ingress.hostPorts' must be of type 'boolean'" in refusals["type"].printed, "the key and what was expected"


def test_each_refusal_creates_nothing(refusals: dict[str, Preview]) -> None:
    for name, refusal in refusals.items():
        assert refusal.status != 0, f"settings wrong {name} are refused"
        assert " create " not in refusal.printed, f"no resource of the program was registered:\n{refusal.printed}"
        assert "Traceback" not in refusal.printed, f"people are told what is wrong, not where in the code:\n{name}"


def test_right_settings_are_not_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    """The same way of running it, with settings that are right: what refuses above are the settings."""
    authority = {
        "caCertificate": (sandbox.paths.authority / "ca.crt").read_text(),
        "caKey": (sandbox.paths.authority / "ca.key").read_text(),
    }
    right = {"domain": "cairn.localhost", "ingress": {"hostPorts": True, "serviceType": "ClusterIP", **authority}}
    done = preview(sandbox, tmp_path, right)
    assert done.status == 0, f"the sandbox's own settings are accepted:\n{done.printed[-3000:]}"
    assert "expected" not in done.printed, "nothing is complained about"


def test_the_stack_is_as_it_was(sandbox: Sandbox, refusals: dict[str, Preview]) -> None:
    engine = Engine(sandbox.paths)
    config = yaml.safe_load(engine.stack_file.read_text())["config"]
    assert "cairn:domian" not in json.dumps(config), "no wrong setting was saved"
