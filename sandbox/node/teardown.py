"""`make down`: end what the sandbox started and remove what it made, in the order that lets each go."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from sandbox import hosts
from sandbox.node import kernel, layout
from sandbox.node.supervisor import Supervisor
from sandbox.paths import Paths

END_DEADLINE = 20.0
"""Seconds for killed processes to be gone."""

KUBELET_FOLDER = Path("/var/lib/kubelet")
FOLDERS = [
    KUBELET_FOLDER, Path("/etc/kubernetes"), Path("/run/cairn"), Path("/var/log/pods"), Path("/var/log/containers"),
    Path("/var/lib/cni"), Path("/run/kubernetes"), Path("/run/runc/k8s.io"), Path("/run/containerd"),
    Path("/run/xtables.lock"), Path("/usr/libexec/kubernetes"), Path("/var/lib/calico"),
]  # fmt: skip
"""Standard places of kubelet, kubeadm, runc and the network plugins; the preflight saw that no other node uses them."""

CGROUPS = Path("/sys/fs/cgroup")

CHAINS = ("KUBE-", "CNI-", "cali-", "cairn", "kube-router")
SETS = ("KUBE-", "kube-router", "inet6:KUBE-")


def remove(paths: Paths, caches: bool = False) -> list[str]:
    """Remove the sandbox; gives a line for each thing that is still there."""
    supervisor = Supervisor(paths)
    failed = []
    stages: dict[str, Callable[[], None]] = {
        "stopping the kubelet": lambda: stop_kubelet(supervisor),
        "ending the pods": end_containers,
        "ending the supervisor": supervisor.shutdown,
        # What was just being started.
        "ending the last pods": end_containers,
        "unmounting": lambda: unmount(paths),
        "removing the network": remove_network,
        "removing the control groups": remove_cgroups,
        "restoring /etc/hosts": hosts.remove,
        "restoring the kernel's settings": lambda: kernel.restore(paths),
    }
    for stage, action in stages.items():
        # A half-made node lacks some of it, and one thing that cannot go must not keep the others.
        try:
            action()
        except Exception as error:
            failed.append(f"{stage}: {error}")
    for folder in [*FOLDERS, paths.home, *([paths.cache] if caches else [])]:
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.unlink(missing_ok=True)
    return [*failed, *leftovers(paths)]


def stop_kubelet(supervisor: Supervisor) -> None:
    """First of all: it would restart the pods that are ended next."""
    if supervisor.running():
        supervisor.stop("kubelet")


def unmount(paths: Paths) -> None:
    """Lazily: a mount that is still looked at goes with the last look."""
    for mount in mounts(paths):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)


def container_processes() -> list[psutil.Process]:
    """Pods' processes, known by their cgroup, and the shims that serve our containerd's socket."""
    found: dict[int, None] = {}
    for listing in CGROUPS.glob("**/kubepods*/**/cgroup.procs"):
        for line in _lines(listing):
            found[int(line)] = None
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if words and Path(words[0]).name == "containerd-shim-runc-v2" and str(layout.SOCKET) in words:
            found[process.pid] = None
    return [psutil.Process(pid) for pid in found if psutil.pid_exists(pid)]


def end_containers() -> None:
    """Kill all pods, and wait until they are gone."""
    processes = container_processes()
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=END_DEADLINE)


def mounts(paths: Paths) -> list[str]:
    """Mounts of the sandbox, the innermost first."""
    # The kubelet mounts its own folder onto itself, hence without a slash.
    roots = (f"{paths.home}/", str(KUBELET_FOLDER), "/run/cairn/", "/run/netns/cni-", "/run/containerd/")
    points = [line.split()[1] for line in _lines(Path("/proc/self/mounts"))]
    return sorted((point for point in points if point.startswith(roots)), reverse=True)


def remove_network() -> None:
    """Interfaces, network namespaces, firewall rules and address sets."""
    for name in interfaces():
        subprocess.run(["ip", "link", "delete", name], check=False, capture_output=True)
    for space in Path("/run/netns").glob("cni-*"):
        subprocess.run(["ip", "netns", "delete", space.name], check=False, capture_output=True)
    for family in ("iptables", "ip6tables"):
        saved = _output(f"{family}-save")
        kept = [line for line in saved.splitlines() if not any(mark in line for mark in CHAINS)]
        if saved and len(kept) != len(saved.splitlines()):
            subprocess.run([f"{family}-restore"], input="\n".join(kept) + "\n", text=True, check=False)
    for name in address_sets():
        subprocess.run(["ipset", "destroy", name], check=False, capture_output=True)


def remove_cgroups() -> None:
    """The pods' control groups, the innermost first: a group with another in it cannot go."""
    for top in CGROUPS.glob("**/kubepods*"):
        inner = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
        for group in [*inner, top]:
            with contextlib.suppress(FileNotFoundError):  # another hierarchy may be a link to the same group
                group.rmdir()


def interfaces() -> list[str]:
    """The bridge, its veth pairs and the dummy of kube-router."""
    found = [name for name in psutil.net_if_addrs() if name in {layout.BRIDGE, "kube-bridge", "kube-dummy-if"}]
    ports = Path(f"/sys/class/net/{layout.BRIDGE}/brif")
    return [*(port.name for port in ports.glob("*")), *found]


def address_sets() -> list[str]:
    """ipset's names of ours."""
    return [name for name in _output("ipset", "list", "-n").split() if name.startswith(SETS)]


def leftovers(paths: Paths) -> Iterator[str]:
    """What of the sandbox is still on the machine."""
    yield from (f"process {process.pid} {process.name()}" for process in container_processes())
    yield from (f"process {process.pid} {process.name()}" for process in Supervisor(paths).orphans())
    yield from (f"mount {point}" for point in mounts(paths))
    yield from (f"interface {name}" for name in interfaces())
    yield from (f"ipset {name}" for name in address_sets())
    yield from (f"folder {folder}" for folder in [*FOLDERS, paths.home] if folder.exists())
    rules = [line for line in _output("iptables-save").splitlines() if any(mark in line for mark in CHAINS)]
    if rules:
        yield f"{len(rules)} iptables rules, the first: {rules[0]}"


def _output(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().split("\n")[:-1]
    except OSError:  # a cgroup that went away meanwhile
        return []
