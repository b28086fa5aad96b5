"""What of a machine a sandbox could change, taken before and after, so that the two can be compared."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.paths import Paths

FOLDERS = ["/etc", "/etc/cni", "/opt", "/opt/cni", "/run", "/usr/libexec", "/usr/local/bin", "/var/lib", "/var/log"]
"""Where programs of a node leave folders; what a Debian package owns is the package's."""

KERNEL = [
    "net/ipv4/ip_forward", "net/ipv4/conf/all/*", "net/ipv4/conf/default/*", "net/ipv6/conf/all/forwarding",
    "net/bridge/bridge-nf-call-*", "net/netfilter/nf_conntrack_max", "vm/overcommit_memory", "vm/panic_on_oom",
    "kernel/panic", "kernel/panic_on_oops", "kernel/keys/*", "fs/inotify/*",
]  # fmt: skip
"""Settings below /proc/sys that a kubelet, kube-proxy or network plugin is known to write."""

NAMES = ("kube", "containerd", "runc", "etcd", "coredns", "traefik", "gitea", "argocd", "redis", "local-path")
"""How the names of a sandbox's processes begin, besides those that its folders tell. Other programs come and go."""

LAST_FIXED_PORT = 32767
"""Ports above are given out by the kernel to whoever asks."""


@dataclass(frozen=True)
class Machine:
    """Names of what is there, by kind."""

    seen: dict[str, frozenset[str]]

    @classmethod
    def now(cls, paths: Paths) -> Machine:
        """What is there now."""
        return cls({
            "process": frozenset(_processes(paths)),
            "listening port": frozenset(_ports()),
            "mount": frozenset(line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()),
            "network interface": frozenset(psutil.net_if_addrs()),
            "network namespace": frozenset(path.name for path in Path("/run/netns").glob("*")),
            "firewall rule": frozenset(_rules()),
            "address set": frozenset(_printed("ipset", "list", "-n")),
            "control group": frozenset(str(path) for path in Path("/sys/fs/cgroup").glob("**/kubepods*")),
            "kernel setting": frozenset(_kernel_settings()),
            "line of /etc/hosts": frozenset(Path("/etc/hosts").read_text().splitlines()),
            "folder or file": frozenset(_entries()),
        })  # fmt: skip

    def differences(self, after: Machine) -> list[str]:
        """A line for each thing that appeared (+) or went (-); what others ended or unmounted is theirs."""
        lines = [f"+ {kind}: {name}" for kind in self.seen for name in sorted(after.seen[kind] - self.seen[kind])]
        return lines + [
            f"- {kind}: {name}"
            for kind in self.seen
            if kind not in {"process", "listening port", "mount"}
            for name in sorted(self.seen[kind] - after.seen[kind])
        ]


def _processes(paths: Paths) -> Iterator[str]:
    folders = (f"{paths.home}/", f"{paths.cache}/", "/run/cairn/")
    for process in psutil.process_iter(["cmdline", "name"]):
        command = process.info["cmdline"] or []
        ours = any(folder in word for word in command for folder in folders)
        if (ours or process.info["name"].startswith(NAMES)) and process.pid != psutil.Process().pid:
            yield f"{process.pid} {' '.join(command)[:160]}"


def _ports() -> Iterator[str]:
    for connection in psutil.net_connections(kind="inet"):
        if connection.laddr and connection.status == psutil.CONN_LISTEN:
            address, port = connection.laddr
            if port <= LAST_FIXED_PORT:
                yield f"{address}:{port}"


def _rules() -> Iterator[str]:
    for family in ("iptables", "ip6tables"):
        for line in _printed(f"{family}-save"):
            # Comments hold the time, counters what passed.
            if not line.startswith(("#", "COMMIT")):
                yield f"{family} {line.partition(' [')[0]}"


def _kernel_settings() -> Iterator[str]:
    for pattern in KERNEL:
        for path in Path("/proc/sys").glob(pattern):
            if path.is_file():
                yield f"{path.relative_to('/proc/sys')} = {path.read_text().strip()}"


def _entries() -> Iterator[str]:
    packaged = _package_files()
    for folder in FOLDERS:
        for path in Path(folder).glob("*"):
            if str(path) not in packaged:
                yield str(path)


def _package_files() -> set[str]:
    return {line for listing in Path("/var/lib/dpkg/info").glob("*.list") for line in listing.read_text().splitlines()}


def _printed(*command: str) -> list[str]:
    if shutil.which(command[0]) is None:
        return []
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
