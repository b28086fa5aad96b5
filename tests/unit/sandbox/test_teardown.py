"""`down`: what it recognises as the sandbox's, and that one thing that cannot go does not keep the others."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.node import teardown
from sandbox.paths import Paths

MOUNTS = """\
proc /proc proc rw 0 0
/dev/vda1 / ext4 rw 0 0
tmpfs {home}/run tmpfs rw 0 0
shm {home}/run/containers/1/shm tmpfs rw 0 0
tmpfs /var/lib/kubelet/pods/1/volumes/token tmpfs rw 0 0
tmpfs {home}-of-another/run tmpfs rw 0 0
nsfs /run/netns/cni-1 nsfs rw 0 0
nsfs /run/netns/somebody nsfs rw 0 0
"""

SAVED = """\
*filter
:INPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:DOCKER - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -p tcp --dport 22 -j ACCEPT
-A FORWARD -j DOCKER
COMMIT
"""

Stage = Callable[[], None]


@pytest.fixture
def harmless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Every stage only writes down that it ran; the folders are the test's."""
    ran: list[str] = []

    def stage(name: str) -> Callable[..., None]:
        return lambda *_: ran.append(name)

    for name in ("stop_kubelet", "end_containers", "unmount", "remove_network", "remove_cgroups"):
        monkeypatch.setattr(teardown, name, stage(name))
    monkeypatch.setattr(teardown.Supervisor, "shutdown", stage("shutdown"))
    monkeypatch.setattr(teardown.hosts, "remove", stage("hosts"))
    monkeypatch.setattr(teardown.kernel, "restore", stage("kernel"))
    monkeypatch.setattr(teardown, "FOLDERS", [tmp_path / "kubelet", tmp_path / "lock"])
    monkeypatch.setattr(teardown, "leftovers", lambda _: iter([]))
    return ran


def test_removes_all_in_order(harmless: list[str], paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "kubelet" / "pods").mkdir(parents=True)
    (tmp_path / "lock").touch()
    assert teardown.remove(paths) == []
    assert harmless == [
        "stop_kubelet", "end_containers", "shutdown", "end_containers", "unmount", "remove_network", "remove_cgroups",
        "hosts", "kernel",
    ], "the kubelet first, as it would restart the pods; processes before their mounts"  # fmt: skip
    assert not paths.home.exists() and not (tmp_path / "kubelet").exists() and not (tmp_path / "lock").exists()
    assert paths.cache.exists(), "the cache stays"
    assert teardown.remove(paths, caches=True) == [], "it can be run again, on nothing"
    assert not paths.cache.exists()


@pytest.mark.parametrize("broken", ["stop_kubelet", "end_containers", "remove_network", "remove_cgroups", "unmount"])
def test_what_fails_is_named_and_the_rest_goes(
    broken: str, harmless: list[str], paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError("device or resource busy")

    monkeypatch.setattr(teardown, broken, fails)
    left = teardown.remove(paths)
    assert left and all("device or resource busy" in line for line in left)
    assert "kernel" in harmless and not paths.home.exists()


def test_mounts_of_ours_innermost_first(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teardown, "_lines", lambda _: MOUNTS.format(home=paths.home).splitlines())
    found = teardown.mounts(paths)
    assert set(found) == {
        f"{paths.home}/run", f"{paths.home}/run/containers/1/shm",
        "/var/lib/kubelet/pods/1/volumes/token", "/run/netns/cni-1",
    }  # fmt: skip
    assert found.index(f"{paths.home}/run/containers/1/shm") < found.index(f"{paths.home}/run")


def test_firewall_rules_of_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    restored: list[str] = []

    def run(command: list[str], input: str = "", **_: object) -> subprocess.CompletedProcess[str]:
        if command[0] == "iptables-restore":
            restored.append(input)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(teardown, "interfaces", list)
    monkeypatch.setattr(teardown, "address_sets", list)
    monkeypatch.setattr(teardown, "_output", lambda *command: SAVED if command[0] == "iptables-save" else "")
    monkeypatch.setattr(teardown.subprocess, "run", run)
    monkeypatch.setattr(teardown.Path, "glob", lambda *_: iter([]))
    teardown.remove_network()
    (text,) = restored
    assert "KUBE-" not in text
    assert text.splitlines() == [line for line in SAVED.splitlines() if "KUBE-" not in line], "and no other line"


def test_address_sets_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teardown, "_output", lambda *_: "KUBE-SRC-1\nkube-router-pod\nfail2ban\ninet6:KUBE-DST\n")
    assert teardown.address_sets() == ["KUBE-SRC-1", "kube-router-pod", "inet6:KUBE-DST"]


def test_groups_go_innermost_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu" / "kubepods" / "burstable" / "pod1").mkdir(parents=True)
    (tmp_path / "cpu" / "user").mkdir()
    monkeypatch.setattr(teardown, "CGROUPS", tmp_path)
    teardown.remove_cgroups()
    teardown.remove_cgroups()
    assert [path.name for path in (tmp_path / "cpu").iterdir()] == ["user"]


def test_tools_that_were_never_installed_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teardown.shutil, "which", lambda _: None)
    assert teardown.address_sets() == [], "a node that never got beyond the preflight has no ipset"
