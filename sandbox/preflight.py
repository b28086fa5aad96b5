"""Whether this machine can run the sandbox: asked before anything is changed, answered in one line per lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.machine import MODULES, PORTS, Machine
from sandbox.paths import Paths

GIB = 1 << 30

CORES = 2
MEMORY = 6 * GIB
"""Measured: node, Git server and Argo CD at rest take under 3 GiB; compiling Kubernetes takes another 3."""

DISK_COLD = 25 * GIB
"""Measured: module cache, build cache, commands, images and the node's data after a cold start, and a margin."""

DISK_WARM = 6 * GIB
"""With commands and images in the cache: the node's unpacked images and data."""

CONTROLLERS = ("cpu", "cpuset", "memory", "pids")
"""What the kubelet refuses to start without."""

GO = (1, 26, 8)
"""What the modules under sandbox/commands ask for."""

INSTEAD = "Use a cluster of your own instead: `pulumi up` with a kubeconfig (README, 'Your own cluster')."


@dataclass(frozen=True)
class Lack:
    """Something that the sandbox needs and this machine does not give."""

    what: str
    expected: str
    given: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.given}. {self.remedy}".rstrip()


class PreflightError(RuntimeError):
    """This machine cannot run the sandbox; the message has a line per lack."""


def check(paths: Paths, machine: Machine | None = None, building: bool = True) -> list[str]:
    """Raise PreflightError naming everything that is missing; changes nothing. Gives what is worth knowing."""
    machine = machine or Machine.here(paths)
    tests = [*TESTS, builders] if building else TESTS
    lacks = [lack for test in tests for lack in test(machine)]
    if lacks:
        raise PreflightError("\n".join(str(lack) for lack in lacks) + f"\nNothing was changed. {INSTEAD}")
    return list(notes(machine))


def notes(machine: Machine) -> Iterator[str]:
    """What the node does differently here."""
    if machine.cgroup_version == 1:
        yield "cgroup version 1: the kubelet is told to accept it"
    if "CAP_SYS_RESOURCE" not in machine.capabilities:
        yield "no CAP_SYS_RESOURCE: containers keep the out-of-memory score of containerd"


def operating_system(machine: Machine) -> Iterator[Lack]:
    """Debian, on amd64: the packages come from apt and the images are built for this architecture."""
    if machine.system != "Linux":
        yield Lack("operating system", "Linux", machine.system, "With Docker and kind, `make up` makes a kind cluster.")
        return
    if not machine.apt:
        given = machine.distribution or "another"
        remedy = "Use a Debian machine, or Docker and kind without root."
        yield Lack("operating system", "Debian or one derived from it (apt-get)", given, remedy)
    if machine.architecture not in {"x86_64", "amd64"}:
        yield Lack("architecture", "x86_64", machine.architecture, "Use Docker and kind without root.")


def root(machine: Machine) -> Iterator[Lack]:
    """Namespaces, mounts and firewall rules need root, and a root that may."""
    if machine.system != "Linux":
        return
    if machine.uid != 0:
        yield Lack("user", "root (uid 0)", f"uid {machine.uid}", "Run `sudo make up`.")
        return
    for name in ("CAP_SYS_ADMIN", "CAP_NET_ADMIN"):
        if name not in machine.capabilities:
            remedy = "Run it outside of the container, or in a privileged one."
            yield Lack("capabilities", name, "root without it", remedy)


def size(machine: Machine) -> Iterator[Lack]:
    """Cores and memory."""
    if machine.cores < CORES:
        yield Lack("processor", f"{CORES} cores", f"{machine.cores}", "Give the machine more cores.")
    if machine.memory < MEMORY:
        given = f"{machine.memory / GIB:.1f} GiB"
        yield Lack("memory", f"{MEMORY / GIB:.0f} GiB", given, "Give the machine more memory.")


def disk(machine: Machine) -> Iterator[Lack]:
    """Free space, a line for each file system that has too little."""
    needed = DISK_WARM if machine.warm else DISK_COLD
    short: dict[int, list[Path]] = {}
    for folder, found in machine.disks.items():
        if found.free < needed:
            short.setdefault(found.device, []).append(folder)
    for folders in short.values():
        free = machine.disks[folders[0]].free
        remedy = "Free some, or set CAIRN_HOME and CAIRN_CACHE to folders on a larger disk."
        where = " and ".join(str(folder) for folder in folders)
        yield Lack(f"disk of {where}", f"{needed / GIB:.0f} GiB free", f"{free / GIB:.1f} GiB", remedy)


def kernel(machine: Machine) -> Iterator[Lack]:
    """What containers, the bridge and its firewall need."""
    if machine.system != "Linux":
        return
    for name in MODULES:
        if name not in machine.modules:
            remedy = f"Load it with `modprobe {name}`, or use a kernel that has it."
            yield Lack("kernel", f"the module {name}", "neither loaded nor to be loaded", remedy)


def cgroups(machine: Machine) -> Iterator[Lack]:
    """Version 1 or 2, with the controllers that the kubelet uses."""
    if machine.system != "Linux":
        return
    missing = [name for name in CONTROLLERS if name not in machine.controllers]
    if missing:
        given = ", ".join(sorted(machine.controllers)) or "none"
        remedy = "Enable them on the kernel's command line (cgroup_enable=...), or mount /sys/fs/cgroup."
        yield Lack(f"cgroups (version {machine.cgroup_version})", f"controllers {', '.join(missing)}", given, remedy)


def ports(machine: Machine) -> Iterator[Lack]:
    """Ports that the node listens on, unless it is this sandbox that listens."""
    if machine.ours:
        return
    for port, owner in sorted(machine.busy_ports.items()):
        remedy = "Stop it, then run this again."
        yield Lack(f"port {port}", f"free (for the {PORTS.get(port, 'node')})", f"{owner} listening", remedy)


def other_cluster(machine: Machine) -> Iterator[Lack]:
    """A node of somebody else's cluster."""
    if machine.other_cluster:
        remedy = "Remove it (`kubeadm reset`, `k3s-uninstall.sh`), or use it by `pulumi up`."
        yield Lack("cluster", "none on this machine", machine.other_cluster, remedy)


def builders(machine: Machine) -> Iterator[Lack]:
    """What compiles, where releases cannot be downloaded."""
    remedy = "Install it, or let this machine reach the publishers (dl.k8s.io, github.com, get.pulumi.com)."
    if machine.go < GO:
        given = ".".join(map(str, machine.go)) or "none"
        yield Lack("go (to build commands)", f"Go {'.'.join(map(str, GO))} or newer", given, remedy)
    if not machine.npm:
        yield Lack("npm (to build Gitea's pages)", "npm", "none", remedy)


TESTS: list[Callable[[Machine], Iterator[Lack]]] = [
    operating_system, root, size, disk, kernel, cgroups, ports, other_cluster,
]  # fmt: skip
