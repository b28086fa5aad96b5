"""Settings of the kernel: set once, remembered as they were before, given back, also when a module went away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.node import kernel
from sandbox.paths import Paths


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "proc"
    for name in [*kernel.WANTED, *kernel.SET_BY_PARTS]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("0\n")
    monkeypatch.setattr(kernel, "PROC", folder)
    monkeypatch.setattr(kernel, "_is_loaded", lambda _: True)
    return folder


def test_sets_and_gives_back(proc: Path, paths: Paths) -> None:
    kernel.apply(paths)
    assert {name: (proc / name).read_text() for name in kernel.WANTED} == kernel.WANTED
    (proc / "kernel/panic").write_text("10")
    kernel.apply(paths)
    kernel.restore(paths)
    assert {(proc / name).read_text() for name in [*kernel.WANTED, *kernel.SET_BY_PARTS]} == {"0"}, (
        "what was there before the first `up`, not before the second"
    )


def test_a_setting_that_went_with_its_module_is_left_out(proc: Path, paths: Paths) -> None:
    kernel.apply(paths)
    (proc / "net/bridge/bridge-nf-call-iptables").unlink()
    kernel.restore(paths)
    assert (proc / "net/ipv4/ip_forward").read_text() == "0"


def test_nothing_is_given_back_by_a_sandbox_that_set_nothing(proc: Path, paths: Paths) -> None:
    kernel.restore(paths)
    assert (proc / "net/ipv4/ip_forward").read_text() == "0\n"


def test_missing_modules_are_loaded(proc: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(kernel, "_is_loaded", lambda name: name == "overlay")
    monkeypatch.setattr(kernel, "run", lambda command: ran.append(command))
    monkeypatch.setattr(kernel.shutil, "which", lambda _: "/sbin/modprobe")
    kernel.apply(paths)
    assert ran == [["modprobe", "br_netfilter"], ["modprobe", "nf_conntrack"]]
    assert json.loads((paths.home / "sysctl.json").read_text())["net/ipv4/ip_forward"] == "0"
