"""Preflight: for each thing that the sandbox needs, a machine that lacks just this, and one that has all.

Each row: what is missing, the machine, and the parts of the one line that says so: what, expected, given, remedy.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.machine import MODULES, Disk, Machine
from sandbox.paths import REPOSITORY, Paths
from sandbox.preflight import CONTROLLERS, DISK_COLD, DISK_WARM, GIB, GO, MEMORY, PreflightError, check

HOME, CACHE = Path("/home-of-it"), Path("/cache-of-it")
FIT = Machine(
    distribution="Debian GNU/Linux 13 (trixie)",
    go=GO,
    npm=True,
    cores=2,
    memory=MEMORY,
    disks={HOME: Disk(1, DISK_COLD), CACHE: Disk(2, DISK_COLD)},
    controllers=frozenset(CONTROLLERS),
)
ALL = frozenset(MODULES)
PLENTY = {HOME: Disk(1, DISK_COLD), CACHE: Disk(2, DISK_COLD)}

LACKS = {
    "macOS": (replace(FIT, system="Darwin"), ["operating system", "expected Linux", "Darwin", "kind"]),
    "no apt": (
        replace(FIT, apt=False, distribution="Fedora 44"),
        ["operating system", "expected Debian", "Fedora 44", "Docker and kind"],
    ),
    "arm": (replace(FIT, architecture="aarch64"), ["architecture", "expected x86_64", "aarch64"]),
    "no root": (replace(FIT, uid=1000), ["user", "expected root", "uid 1000", "sudo make up"]),
    "container without privileges": (
        replace(FIT, capabilities=frozenset({"CAP_NET_ADMIN"})),
        ["capabilities", "expected CAP_SYS_ADMIN", "root without it", "privileged"],
    ),
    "no network administration": (
        replace(FIT, capabilities=frozenset({"CAP_SYS_ADMIN"})),
        ["capabilities", "expected CAP_NET_ADMIN"],
    ),
    "one core": (replace(FIT, cores=1), ["processor", "expected 2 cores", "found 1"]),
    "little memory": (replace(FIT, memory=4 * GIB), ["memory", "expected 6 GiB", "4.0 GiB"]),
    "little disk for the cache": (
        replace(FIT, disks={**PLENTY, CACHE: Disk(2, 3 * GIB)}),
        ["disk of /cache-of-it:", "expected 25 GiB free", "3.0 GiB", "CAIRN_CACHE"],
    ),
    "little disk for both": (
        replace(FIT, disks={HOME: Disk(1, GIB), CACHE: Disk(1, GIB)}),
        ["disk of /home-of-it and /cache-of-it:", "expected 25 GiB free", "1.0 GiB"],
    ),
    "little disk, warm": (
        replace(FIT, warm=True, disks={**PLENTY, HOME: Disk(1, DISK_WARM - GIB)}),
        ["disk of /home-of-it:", "expected 6 GiB free", "5.0 GiB"],
    ),
    "no overlay": (replace(FIT, modules=ALL - {"overlay"}), ["kernel", "module overlay", "modprobe overlay"]),
    "no bridge netfilter": (replace(FIT, modules=ALL - {"br_netfilter"}), ["kernel", "modprobe br_netfilter"]),
    "no connection tracking": (replace(FIT, modules=ALL - {"nf_conntrack"}), ["kernel", "modprobe nf_conntrack"]),
    "no memory controller": (
        replace(FIT, controllers=frozenset({"cpu", "cpuset", "pids"})),
        ["cgroups (version 2)", "expected controllers memory", "cpu, cpuset, pids", "command line"],
    ),
    "no cgroups": (
        replace(FIT, cgroup_version=1, controllers=frozenset()),
        ["cgroups (version 1)", "cpu, cpuset, memory, pids", "found none"],
    ),
    "no Go": (
        replace(FIT, go=()),
        ["go (to build commands)", "expected Go 1.26.8 or newer", "found none", "Install it"],
    ),
    "an old Go": (replace(FIT, go=(1, 19)), ["go (to build commands)", "expected Go 1.26", "found 1.19"]),
    "no npm": (replace(FIT, npm=False), ["npm", "found none"]),
    "port 443 in use": (
        replace(FIT, busy_ports={443: "nginx (pid 7)"}),
        ["port 443", "free (for the ingress)", "nginx (pid 7) listening", "Stop it"],
    ),
    "another cluster": (
        replace(FIT, other_cluster="/etc/kubernetes/admin.conf"),
        ["cluster", "expected none", "/etc/kubernetes/admin.conf", "kubeadm reset"],
    ),
}


@pytest.mark.parametrize("reason", LACKS)
def test_names_what_is_missing_in_one_line(reason: str, paths: Paths) -> None:
    machine, parts = LACKS[reason]
    with pytest.raises(PreflightError) as refused:
        check(paths, machine)
    line, *rest = str(refused.value).splitlines()
    for part in parts:
        assert part in line, "the line names what, expected, given and the way out"
    assert len(rest) == 1, "a machine with one lack gets one line"
    assert rest[0].startswith("Nothing was changed."), "and the assurance that nothing was touched"


def test_a_machine_with_all_of_it_passes(paths: Paths) -> None:
    assert check(paths, FIT) == [], "nothing to be said of a machine that has all"


def test_the_compiler_asked_for_is_the_one_that_the_modules_ask_for() -> None:
    texts = (path.read_text() for path in (REPOSITORY / "sandbox" / "commands").glob("*/go.mod"))
    asked = [re.search(r"^go (\S+)$", text, re.MULTILINE) for text in texts]
    assert max(tuple(map(int, match[1].split("."))) for match in asked if match) == GO


def test_who_downloads_needs_no_compiler(paths: Paths) -> None:
    assert check(paths, replace(FIT, go=(), npm=False), building=False) == []


def test_a_warm_cache_needs_less_disk(paths: Paths) -> None:
    small = replace(FIT, disks={HOME: Disk(1, DISK_WARM)})
    with pytest.raises(PreflightError):
        check(paths, small)
    assert check(paths, replace(small, warm=True)) == []


def test_ports_of_the_sandbox_itself_are_no_lack(paths: Paths) -> None:
    assert check(paths, replace(FIT, ours=True, busy_ports={6443: "kube-apiserver (pid 9)"})) == []


def test_says_all_lacks_at_once(paths: Paths) -> None:
    with pytest.raises(PreflightError) as refused:
        check(paths, replace(FIT, uid=1000, cores=1, memory=GIB))
    assert len(str(refused.value).splitlines()) == 4, "three lacks and the last line: nobody has to run it three times"


def test_changes_nothing(paths: Paths) -> None:
    with pytest.raises(PreflightError):
        check(paths, replace(FIT, cores=1))
    assert not list(paths.home.iterdir()) and not list(paths.cache.iterdir())


@pytest.mark.parametrize(
    ("machine", "note"),
    [
        (replace(FIT, cgroup_version=1), "cgroup version 1"),
        (replace(FIT, capabilities=frozenset({"CAP_SYS_ADMIN", "CAP_NET_ADMIN"})), "CAP_SYS_RESOURCE"),
    ],
)
def test_what_the_node_copes_with_is_a_note(machine: Machine, note: str, paths: Paths) -> None:
    (found,) = check(paths, machine)
    assert note in found, "it is said, but does not stop the sandbox"
