"""What this machine is and has, as far as the sandbox depends on it: gathered once, without changing anything."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sandbox.node import layout
from sandbox.node.supervisor import Supervisor
from sandbox.paths import Paths

PORTS = {
    80: "ingress",
    443: "ingress",
    layout.API_PORT: "API server",
    10250: "kubelet",
    2379: "etcd",
    5000: "image registry",
}

MODULES = ("overlay", "br_netfilter", "nf_conntrack")
"""Parts of the kernel that containers, the bridge between them and its firewall need."""

CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_SYS_RESOURCE": 24}
"""Bits of /proc/self/status, from linux/capability.h."""

KUBELETS = {"kubelet", "k3s", "k3s-server", "microk8s", "rke2", "kubelite"}
"""Processes that are the node of some cluster."""

DOCKER_TIMEOUT = 10.0
"""Seconds for `docker info`: it waits long for a daemon that is just starting."""


@dataclass(frozen=True)
class Disk:
    """The free space of the file system that a folder is (or will be) on."""

    device: int
    free: int


@dataclass(frozen=True)
class Machine:
    """The facts; a test gives others."""

    system: str = "Linux"
    distribution: str = ""
    apt: bool = True
    architecture: str = "x86_64"
    uid: int = 0
    docker: bool = False
    kind: bool = False
    """Whether the command of that name is installed."""
    go: tuple[int, ...] = ()
    """Version of the Go compiler; empty without one."""
    npm: bool = False
    cores: int = 0
    memory: int = 0
    """Bytes."""
    disks: Mapping[Path, Disk] = field(default_factory=dict)
    warm: bool = False
    """Whether the cache holds images already: what remains to be stored is little."""
    modules: frozenset[str] = frozenset(MODULES)
    """Those of MODULES that are loaded or can be."""
    cgroup_version: int = 2
    controllers: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset(CAPABILITIES)
    busy_ports: Mapping[int, str] = field(default_factory=dict)
    """Port -> who listens there."""
    ours: bool = False
    """Whether this sandbox's node is (partly) up."""
    other_cluster: str = ""
    """By what another cluster's node is known on this machine."""

    @classmethod
    def here(cls, paths: Paths) -> Machine:
        """Ask this machine."""
        linux = platform.system() == "Linux"
        supervisor = Supervisor(paths)
        ours = supervisor.running() or any(supervisor.orphans()) or (paths.home / "initialised").exists()
        return cls(
            system=platform.system(),
            distribution=platform.freedesktop_os_release().get("PRETTY_NAME", "") if linux else platform.platform(),
            apt=shutil.which("apt-get") is not None,
            architecture=platform.machine(),
            uid=os.geteuid(),
            docker=_docker(),
            kind=shutil.which("kind") is not None,
            go=_go(),
            npm=shutil.which("npm") is not None,
            cores=len(os.sched_getaffinity(0)) if linux else os.cpu_count() or 1,
            memory=psutil.virtual_memory().total,
            disks={folder: disk(folder) for folder in (paths.home, paths.cache)},
            warm=(paths.cache / "registry" / "keys").exists(),
            modules=frozenset(name for name in MODULES if linux and _has_module(name)),
            cgroup_version=2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
            controllers=frozenset(_controllers(Path("/sys/fs/cgroup"))),
            capabilities=frozenset(
                name for name, bit in CAPABILITIES.items() if linux and layout.has_capability(bit)
            ),
            busy_ports={} if ours else busy_ports(PORTS),
            ours=ours,
            other_cluster=_other_cluster(paths, ours),
        )  # fmt: skip


def disk(folder: Path) -> Disk:
    """The file system of a folder that need not be there yet."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return Disk(existing.stat().st_dev, shutil.disk_usage(existing).free)


def busy_ports(ports: Iterable[int]) -> dict[int, str]:
    """Which of the ports are taken, and by whom as far as it can be seen."""
    busy = [port for port in ports if not _free(port)]
    if not busy:
        return {}
    owners: dict[int, str] = {}
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.pid and connection.laddr:
                owners[connection.laddr.port] = f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:  # without root only one's own are shown
        pass
    return {port: owners.get(port, "another program") for port in busy}


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except PermissionError:  # below 1024 and no root: then who listens there can only be asked
            return probe.connect_ex(("127.0.0.1", port)) != 0
        except OSError:
            return False
    return True


def _has_module(name: str) -> bool:
    """Loaded, built in, or there to be loaded (`modprobe --dry-run` changes nothing)."""
    if name == "overlay" and "overlay" in Path("/proc/filesystems").read_text().split():
        return True
    if name == "br_netfilter" and Path("/proc/sys/net/bridge/bridge-nf-call-iptables").exists():
        return True
    if Path(f"/proc/sys/net/netfilter/{name}_max").exists() or Path(f"/sys/module/{name}").exists():
        return True
    return _succeeds("modprobe", "--dry-run", "--quiet", name)


def _controllers(root: Path) -> set[str]:
    unified = root / "cgroup.controllers"
    if unified.exists():
        return set(unified.read_text().split())
    return {path.name for path in root.glob("*") if path.is_dir()}


def _other_cluster(paths: Paths, ours: bool) -> str:
    if ours:
        return ""
    if Path("/etc/kubernetes/admin.conf").exists() and not (paths.home / "kubeadm.yaml").exists():
        return "/etc/kubernetes/admin.conf"
    for process in psutil.process_iter(["name"]):
        if process.info["name"] in KUBELETS:
            return f"process {process.info['name']} (pid {process.pid})"
    return ""


def _go() -> tuple[int, ...]:
    if shutil.which("go") is None:
        return ()
    # `go env` would read the go.mod of the working directory; GOTOOLCHAIN keeps it from fetching another Go.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    printed = subprocess.run(["go", "version"], capture_output=True, text=True, check=False, env=environment).stdout
    match = re.search(r"go(\d+(?:\.\d+)+)", printed)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def _docker() -> bool:
    return _succeeds("docker", "info")


def _succeeds(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=DOCKER_TIMEOUT).returncode == 0
    except subprocess.TimeoutExpired:
        return False
