"""kind: when it is chosen, what is missing, what would be run. It cannot be run where there is no Docker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.upstream import Upstreams
from sandbox import kind, origin
from sandbox.kind import COMMANDS, KindUp
from sandbox.machine import Machine
from sandbox.origin import Origin
from sandbox.paths import Paths
from sandbox.preflight import MEMORY, PreflightError
from sandbox.progress import Step

LAPTOP = Machine(system="Darwin", uid=501, docker=True, kind=True, cores=8, memory=2 * MEMORY)


@pytest.mark.parametrize(
    ("machine", "wanted", "reason"),
    [
        (LAPTOP, True, "macOS with Docker"),
        (replace(LAPTOP, system="Linux"), True, "Linux with Docker and without root"),
        (replace(LAPTOP, system="Linux", uid=0), False, "with root there is a node of our own"),
        (replace(LAPTOP, docker=False), False, "without Docker there is nothing to make it of"),
        (replace(LAPTOP, system="Linux", docker=False), False, "then the preflight says that root is missing"),
    ],
)
def test_is_chosen_where_docker_is_and_root_is_not(machine: Machine, wanted: bool, reason: str) -> None:
    assert kind.wanted(machine) is wanted, reason


def test_the_cluster_has_the_ingress_on_this_machines_ports() -> None:
    (node,) = yaml.safe_load(kind.configuration())["nodes"]
    assert {(m["containerPort"], m["hostPort"]) for m in node["extraPortMappings"]} == {(80, 80), (443, 443)}
    assert {m["listenAddress"] for m in node["extraPortMappings"]} == {"127.0.0.1"}, "not the whole network's"


def test_what_is_run(paths: Paths) -> None:
    version = Upstreams.load()["kubernetes"].version
    assert kind.create(paths, Upstreams.load()) == [
        ["kind", "create", "cluster", "--name=cairn", f"--image=kindest/node:{version}",
         f"--config={paths.home}/kind.yaml", f"--kubeconfig={paths.kubeconfig}", "--wait=120s"],
        ["kubectl", f"--kubeconfig={paths.kubeconfig}", "config", "rename-context", "kind-cairn", "cairn-sandbox"],
    ]  # fmt: skip
    assert kind.delete() == ["kind", "delete", "cluster", "--name=cairn"]


@pytest.mark.parametrize("missing", COMMANDS)
def test_a_missing_command_is_named(missing: str) -> None:
    (lack,) = kind.lacks(LAPTOP, lambda name: None if name == missing else f"/bin/{name}")
    assert missing in str(lack) and f"Install {missing}" in str(lack)


def test_little_memory_and_taken_ports_are_named() -> None:
    small = replace(LAPTOP, memory=1, busy_ports={80: "nginx (pid 7)"})
    memory, port = kind.lacks(small, lambda name: name)
    assert memory.what == "memory" and port.what == "port 80"
    assert list(kind.lacks(LAPTOP, lambda name: name)) == []


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []
    clusters: list[str] = []

    def run(command: list[str], **_: object) -> str:
        commands.append(command)
        if command[:2] == ["kind", "create"]:
            clusters.append("cairn")
            Path(command[-2].partition("=")[2]).write_text("kubeconfig")
        return "\n".join(clusters)

    monkeypatch.setattr(kind, "run", run)
    monkeypatch.setattr(kind.shutil, "which", lambda name: f"/usr/bin/{name}")
    return commands


def test_makes_it_once(paths: Paths, ran: list[list[str]], console_step: Step) -> None:
    up = KindUp(paths, LAPTOP)
    assert [task.name for task in up.tasks()] == ["preflight", "node", "addons", "platform"], "nothing is built"
    up.preflight(console_step)
    assert origin.remembered(paths) is Origin.DOWNLOAD, "official plugins, upstream's manifests"
    assert (paths.bin / "pulumi").readlink() == Path("/usr/bin/pulumi")
    up.node(console_step)
    assert kind.made(paths)
    assert kind.create(paths, up.upstreams)[0] in ran
    ran.clear()
    up.node(console_step)
    assert ran == [["kind", "get", "clusters"]], "a second time it only looks"


def test_an_interrupted_one_is_made_anew(paths: Paths, ran: list[list[str]], console_step: Step) -> None:
    KindUp(paths, LAPTOP).node(console_step)
    paths.kubeconfig.unlink()
    ran.clear()
    KindUp(paths, LAPTOP).node(console_step)
    assert ran[0] == kind.delete() and ran[1][:2] == ["kind", "create"]


def test_refuses_before_anything_is_changed(
    paths: Paths, ran: list[list[str]], console_step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind.shutil, "which", lambda _: None)
    with pytest.raises(PreflightError, match="Nothing was changed"):
        KindUp(paths, replace(LAPTOP, cores=1)).preflight(console_step)
    assert list(paths.home.iterdir()) == [] and ran == []


def test_down_deletes_it_and_the_home(paths: Paths, ran: list[list[str]]) -> None:
    kind.remove(paths)
    assert ran == [kind.delete()] and not paths.home.exists()
