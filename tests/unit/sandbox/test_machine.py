"""What is asked of the machine: ports that are really taken, the disk of a folder that is not there yet, clusters."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sandbox import machine
from sandbox.machine import Machine
from sandbox.paths import Paths


def test_a_port_that_is_taken_is_named_with_its_owner() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(os.getpid()) in machine.busy_ports([port])[port], "this very process listens there"
    assert machine.busy_ports([port]) == {}, "it is free again"


def test_the_disk_of_a_folder_to_be_made_is_its_parents(tmp_path: Path) -> None:
    found = machine.disk(tmp_path / "not" / "yet")
    assert found.device == tmp_path.stat().st_dev
    assert found.free > 0
    assert not (tmp_path / "not").exists(), "asking makes nothing"


def test_this_machine_can_be_asked(paths: Paths) -> None:
    found = Machine.here(paths)
    assert found.cores >= 1 and found.memory > 0
    assert set(found.disks) == {paths.home, paths.cache}
    assert found.warm is False, "the cache is empty"
    (paths.cache / "registry" / "keys").mkdir(parents=True)
    assert Machine.here(paths).warm is True, "images were made"


def test_controllers_of_both_cgroup_versions(tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    (tmp_path / "cpu").mkdir()
    assert machine._controllers(tmp_path) == {"cpu", "pids"}, "version 1 has a folder for each"
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    assert machine._controllers(tmp_path) == {"cpu", "memory"}, "version 2 has a list"


def test_a_command_that_is_not_there_or_fails_is_a_no() -> None:
    assert machine._succeeds("true") is True
    assert machine._succeeds("false") is False
    assert machine._succeeds("no-such-command-of-cairn") is False
