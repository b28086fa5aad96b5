"""The engine: its command lines, its environment, its files, and the lock of a pulumi that was killed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from sandbox import engine as module
from sandbox import trust
from sandbox.engine import Engine
from sandbox.paths import REPOSITORY, Paths


@pytest.fixture
def engine(paths: Paths) -> Engine:
    return Engine(paths)


@pytest.mark.parametrize("name", ["up", "preview", "destroy", "refresh"])
def test_runs_never_ask_and_read_the_stack_file_of_the_home(name: str, engine: Engine) -> None:
    command = engine.command(name, "--yes")
    assert command[:3] == [str(engine.paths.bin / "pulumi"), name, "--yes"]
    assert "--non-interactive" in command
    assert command[command.index("--config-file") + 1] == str(engine.stack_file)
    assert engine.stack_file.is_relative_to(engine.paths.home), "secrets never lie in the clone"


@pytest.mark.parametrize("name", ["cancel", "stack", "version"])
def test_commands_without_configuration_are_not_given_one(name: str, engine: Engine) -> None:
    assert "--config-file" not in engine.command(name)


def test_the_environment_points_into_the_sandboxs_home_and_holds_no_secret(engine: Engine) -> None:
    environment = engine.environment()
    for key in ("PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE_FILE", "KUBECONFIG"):
        assert Path(environment[key]).is_relative_to(engine.paths.home), key
    assert environment["PULUMI_BACKEND_URL"].startswith(f"file://{engine.paths.home}")
    assert "PULUMI_CONFIG_PASSPHRASE" not in environment, "the passphrase is in a file of mode 0600"
    assert environment["PATH"].startswith(f"{engine.paths.bin}:"), "pinned commands before the machine's"


def test_prepare_makes_a_passphrase_once_and_a_stack(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[list[str], str | None]] = []

    def run(command: list[str], stdin: str | None = None, **_: object) -> str:
        ran.append((command[1:], stdin))
        return ""

    monkeypatch.setattr(module, "run", run)
    trust.ensure_authority(engine.paths)
    engine.prepare(engine.paths.home / "log")
    first = engine.passphrase.read_text()
    assert len(first) >= 32 and stat.S_IMODE(engine.passphrase.stat().st_mode) == 0o600
    assert stat.S_IMODE(engine.stack_file.stat().st_mode) == 0o600
    assert any(command[:3] == ["stack", "select", "--create"] for command, _ in ran)
    key = (engine.paths.authority / "ca.key").read_text()
    (secret,) = [command for command, stdin in ran if stdin == key]
    assert "--secret" in secret and not any(key in word for word in secret), "the key goes by standard input"
    engine.prepare(engine.paths.home / "log")
    assert engine.passphrase.read_text() == first, "another one could not read the state"
    assert not (REPOSITORY / "Pulumi.sandbox.yaml.partial").exists()


def lock(engine: Engine, content: str) -> Path:
    path = engine.backend / ".pulumi" / "locks" / "organization" / "cairn" / "sandbox" / "1.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_the_lock_of_a_killed_pulumi_is_released_and_that_of_a_living_one_kept(engine: Engine) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    dead = lock(engine, json.dumps({"pid": gone.pid}))
    engine.release_dead_locks()
    assert not dead.exists()
    alive = lock(engine, json.dumps({"pid": os.getpid()}))
    engine.release_dead_locks()
    assert alive.exists(), "two runs at once would lose resources"
    half = lock(engine, '{"pid": ')
    engine.release_dead_locks()
    assert not half.exists()


def test_there_may_be_no_lock_at_all(engine: Engine) -> None:
    engine.release_dead_locks()
    assert not engine.backend.exists()
