"""The node's addresses, names and files, and the configuration files rendered from them."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import psutil

from components.upstream import Upstreams
from sandbox import files
from sandbox.paths import Paths

NODE = "cairn"
BRIDGE = "cairn0"
API_PORT = 6443
REGISTRY = "127.0.0.1:5000"
POD_SUBNET = "10.244.0.0/16"
NODE_SUBNET = "10.244.0.0/24"
SERVICE_SUBNET = "10.96.0.0/12"
SOCKET = Path("/run/cairn/containerd.sock")

CAP_SYS_RESOURCE = 24
"""Bit of the capability in /proc/self/status, from linux/capability.h."""

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # these are configuration files, not web pages
)


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    name: str
    command: str
    environment: dict[str, str] = field(default_factory=dict)


def has_capability(bit: int) -> bool:
    """Whether this process holds a capability."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> bit & 1)
    return False


def address() -> str:
    """The IPv4 address of the interface that the default route leaves by, else of any that is up."""
    preferred = [
        line.split()[0]
        for line in Path("/proc/net/route").read_text().splitlines()[1:]
        if line.split()[1] == "00000000"
    ]
    candidates = psutil.net_if_addrs()
    for name in [*preferred, *candidates]:
        for entry in candidates.get(name, []):
            if entry.family.name == "AF_INET" and not entry.address.startswith("127.") and name != BRIDGE:
                return str(entry.address)
    raise LookupError("network: expected an interface with an IPv4 address besides the loopback, but there is none")


def programs(paths: Paths) -> list[Program]:
    """What the supervisor keeps alive, in the order in which it is started."""
    kubelet = (
        "exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf "
        "--kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS"
    )
    return [
        Program("registry", f"{paths.bin}/registry serve {paths.home}/registry.yaml", {"OTEL_TRACES_EXPORTER": "none"}),
        Program("containerd", f"{paths.bin}/containerd --config {paths.home}/containerd.toml"),
        Program("kubelet", f"/bin/sh -c '. /var/lib/kubelet/kubeadm-flags.env; {kubelet}'"),
    ]


def render(template: str, target: Path, **values: Any) -> None:
    """Write one configuration file, readable by root only as some name where secrets lie."""
    files.write(target, TEMPLATES.get_template(f"{template}.j2").render(**values))


def write(paths: Paths, upstreams: Upstreams, log_level: str = "warn") -> None:
    """Write every configuration file of the node; the same input gives the same files."""
    pause = upstreams["kubernetes"].image("pause")
    render(
        "containerd.toml",
        paths.home / "containerd.toml",
        home=paths.home,
        socket=SOCKET,
        pause=pause,
        restrict_oom=not has_capability(CAP_SYS_RESOURCE),
        apparmor=Path("/sys/kernel/security/apparmor").exists(),
    )
    render(
        "network.conflist",
        paths.home / "cni" / "net.d" / "10-cairn.conflist",
        bridge=BRIDGE,
        run=paths.run,
        node_subnet=NODE_SUBNET,
    )
    render("audit-policy.yaml", paths.home / "audit-policy.yaml")
    coredns, _, coredns_tag = upstreams["coredns"].image().rpartition(":")
    render(
        "kubeadm.yaml",
        paths.home / "kubeadm.yaml",
        address=address(),
        api_port=API_PORT,
        node=NODE,
        socket=SOCKET,
        version=upstreams["kubernetes"].version,
        pod_subnet=POD_SUBNET,
        service_subnet=SERVICE_SUBNET,
        coredns={"repository": coredns.rpartition("/")[0], "tag": coredns_tag},
        etcd_tag=upstreams["etcd"].image().rpartition(":")[2],
        home=paths.home,
        logs=paths.logs,
    )
    hosts = {reference.partition("/")[0] for reference in upstreams.images}
    for host in sorted(hosts):
        render("hosts.toml", paths.home / "registry-mirrors" / host / "hosts.toml", host=host, registry=REGISTRY)
    render("registry.yaml", paths.home / "registry.yaml", storage=paths.cache / "registry", address=REGISTRY)
    render(
        "supervisord.conf",
        paths.home / "supervisord.conf",
        run=paths.run,
        logs=paths.logs,
        programs=programs(paths),
        # As many as this process may have: containerd and etcd take thousands where they are let.
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        path=f"{paths.bin}:/usr/sbin:/usr/bin:/sbin:/bin",
    )
    write_resolver(paths.home / "resolv.conf")


def write_resolver(target: Path) -> None:
    """Name servers for CoreDNS: the machine's, but not its loopback ones, which in a pod are the pod's own."""
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("nameserver 127.", "nameserver ::1", "search"))]
    target.write_text("\n".join(kept) + "\n")


def link_commands(paths: Paths, commands: dict[str, Path]) -> None:
    """Point the sandbox's bin folder, and the network plugins' own, at the cached commands."""
    plugins = paths.home / "cni" / "bin"
    for folder, names in ((paths.bin, set(commands)), (plugins, {"bridge", "loopback", "host-local", "portmap"})):
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            files.link(folder / name, commands[name])
        for old in folder.iterdir():
            if old.name not in names:
                old.unlink()
