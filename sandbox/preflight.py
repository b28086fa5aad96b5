"""Whether this machine can run the sandbox: asked before anything is changed, answered in one line per lack."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.node import layout
from sandbox.node.supervisor import Supervisor
from sandbox.paths import Paths

GIB = 1 << 30

CORES = 2
MEMORY = 6 * GIB
"""Measured: node, Git server and Argo CD at rest take under 3 GiB; compiling Kubernetes takes another 3."""

DISK_COLD = 25 * GIB
"""Measured: module cache, build cache, commands, images and the node's data after a cold start, and a margin."""

DISK_WARM = 6 * GIB
"""With commands and images in the cache: the node's unpacked images and data."""

PORTS = {
    80: "ingress",
    443: "ingress",
    layout.API_PORT: "API server",
    10250: "kubelet",
    2379: "etcd",
    5000: "image registry",
}

FILESYSTEMS = ["overlay"]
TABLES = ["/proc/sys/net/bridge/bridge-nf-call-iptables"]

INSTEAD = "Use a cluster of your own instead: `pulumi up` with a kubeconfig (README, 'Your own cluster')."


@dataclass(frozen=True)
class Lack:
    """Something that the sandbox needs and this machine does not give."""

    what: str
    expected: str
    given: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.given}. {self.remedy}"


class PreflightError(RuntimeError):
    """This machine cannot run the sandbox; the message has a line per lack."""


def check(paths: Paths) -> None:
    """Raise PreflightError naming everything that is missing; changes nothing."""
    lacks = [lack for test in TESTS for lack in test(paths)]
    if lacks:
        raise PreflightError("\n".join(str(lack) for lack in lacks) + f"\nNothing was changed. {INSTEAD}")


def operating_system(_: Paths) -> Iterator[Lack]:
    """Debian, on amd64: the packages come from apt and the images are built for this architecture."""
    if platform.system() != "Linux":
        yield Lack("operating system", "Linux", platform.system(), "")
        return
    if shutil.which("apt-get") is None:
        given = platform.freedesktop_os_release().get("PRETTY_NAME", "another")
        yield Lack("operating system", "Debian or one derived from it (apt-get)", given, "")
    if platform.machine() != "x86_64":
        yield Lack("architecture", "x86_64", platform.machine(), "")


def root(_: Paths) -> Iterator[Lack]:
    """Namespaces, mounts and firewall rules need root."""
    if os.geteuid() != 0:
        yield Lack("user", "root (uid 0)", f"uid {os.geteuid()}", "Run `sudo make up`.")


def size(paths: Paths) -> Iterator[Lack]:
    """Cores, memory, disk."""
    cores = os.cpu_count() or 1
    if cores < CORES:
        yield Lack("processor", f"{CORES} cores", f"{cores}", "")
    memory = psutil.virtual_memory().total
    if memory < MEMORY:
        yield Lack("memory", f"{MEMORY / GIB:.0f} GiB", f"{memory / GIB:.1f} GiB", "")
    warm = (paths.cache / "registry" / "keys").exists()
    needed = DISK_WARM if warm else DISK_COLD
    for what, folder in (("home", paths.home), ("cache", paths.cache)):
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(existing).free
        if free < needed:
            remedy = f"Free some, or set CAIRN_{what.upper()} to a folder on a larger disk."
            yield Lack(f"disk of {folder}", f"{needed / GIB:.0f} GiB free", f"{free / GIB:.1f} GiB", remedy)


def kernel(_: Paths) -> Iterator[Lack]:
    """What containers, the bridge and its firewall need."""
    known = Path("/proc/filesystems").read_text().split()
    for name in FILESYSTEMS:
        if name not in known:
            yield Lack("kernel", f"file system {name}", "none", f"Load it: `modprobe {name}`.")
    if not Path(TABLES[0]).exists():
        yield Lack("kernel", "bridge netfilter", "none", "Load it: `modprobe br_netfilter`.")


def cgroups(_: Paths) -> Iterator[Lack]:
    """Version 1 or 2, with the controllers that the kubelet uses."""
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        offered = set(Path("/sys/fs/cgroup/cgroup.controllers").read_text().split())
    else:
        offered = {path.name for path in Path("/sys/fs/cgroup").glob("*") if path.is_dir()}
    for name in ("cpu", "memory", "pids"):
        if name not in offered:
            yield Lack("cgroups", f"controller {name}", f"{', '.join(sorted(offered)) or 'none'}", "")


def ports(paths: Paths) -> Iterator[Lack]:
    """Ports that the node listens on, unless it is this sandbox that listens."""
    if Supervisor(paths).running() or list(Supervisor(paths).orphans()) or (paths.home / "initialised").exists():
        return
    for port, user in PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                yield Lack(f"port {port}", f"free (for the {user})", "in use", "Stop what listens there.")


def other_cluster(paths: Paths) -> Iterator[Lack]:
    """A node that kubeadm made for somebody else."""
    if Path("/etc/kubernetes/admin.conf").exists() and not (paths.home / "kubeadm.yaml").exists():
        remedy = "Remove it with `kubeadm reset`, or use it by `pulumi up`."
        yield Lack("cluster", "none on this machine", "/etc/kubernetes/admin.conf", remedy)


TESTS: list[Callable[[Paths], Iterator[Lack]]] = [operating_system, root, size, kernel, cgroups, ports, other_cluster]
