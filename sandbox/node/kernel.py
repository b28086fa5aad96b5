"""Settings of the kernel that a node needs, with the values they had before, for `down` to give back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sandbox import files
from sandbox.machine import MODULES
from sandbox.paths import Paths
from sandbox.process import run

WANTED = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
    # Argo CD, the kubelet and every controller watch files; the default of 128 runs out with a dozen pods.
    "fs/inotify/max_user_instances": "1024",
    "fs/inotify/max_user_watches": "524288",
}

SET_BY_PARTS = [
    # the kubelet
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
    # kube-proxy
    "net/ipv4/conf/all/route_localnet",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
    # kube-router
    "net/ipv4/conf/all/arp_ignore",
    "net/ipv4/conf/all/arp_announce",
]
"""What the node's parts set by themselves: remembered to be given back."""

PROC = Path("/proc/sys")


def apply(paths: Paths) -> None:
    """Load and set what is wanted; the first call of an installation remembers what was set before."""
    for module in MODULES:
        # Without modprobe they are built in: the preflight saw that they are there.
        if shutil.which("modprobe") and not _is_loaded(module):
            run(["modprobe", module])
    saved = paths.home / "sysctl.json"
    if not saved.exists():
        there = [name for name in [*WANTED, *SET_BY_PARTS] if (PROC / name).exists()]
        before = {name: (PROC / name).read_text().strip() for name in there}
        files.write(saved, json.dumps(before, indent=1))
    for name, value in WANTED.items():
        if (PROC / name).exists() and (PROC / name).read_text().strip() != value:
            (PROC / name).write_text(value)


def restore(paths: Paths) -> None:
    """Give back what was there before the sandbox."""
    saved = paths.home / "sysctl.json"
    if saved.exists():
        for name, value in json.loads(saved.read_text()).items():
            if (PROC / name).exists():  # it goes with its module
                (PROC / name).write_text(value)


def _is_loaded(module: str) -> bool:
    """Loaded or built in: a built-in part without parameters has no folder of its own, hence the signs."""
    signs = {
        "overlay": "overlay" in Path("/proc/filesystems").read_text().split(),
        "br_netfilter": (PROC / "net/bridge/bridge-nf-call-iptables").exists(),
        "nf_conntrack": (PROC / "net/netfilter/nf_conntrack_max").exists(),
    }
    return signs[module] or Path(f"/sys/module/{module}").exists()
