"""Where the sandbox keeps what it makes: its home (removed by `down`) and its cache (kept, keyed by content)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def default_home() -> Path:
    """`$CAIRN_HOME`, or /var/lib/cairn: a system folder, as the node runs as root; for others one of their own."""
    if given := os.environ.get("CAIRN_HOME"):
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib/cairn")
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "cairn"


def default_cache() -> Path:
    """`$CAIRN_CACHE`, or `cairn` in the user's cache folder; outside the clone, so that clones share it."""
    if given := os.environ.get("CAIRN_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cairn"


@dataclass(frozen=True)
class Paths:
    """Every place that the sandbox writes to, but for the kubelet's and kubeadm's standard folders."""

    home: Path = field(default_factory=default_home)
    cache: Path = field(default_factory=default_cache)

    @property
    def logs(self) -> Path:
        """One file per step and per supervised process."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Sockets and process ids."""
        return self.home / "run"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, context `cairn-sandbox`."""
        return self.home / "kubeconfig"

    @property
    def authority(self) -> Path:
        """The installation's certificate authority: ca.crt and ca.key."""
        return self.home / "ca"

    @property
    def ca_certificate(self) -> Path:
        """What a browser has to trust."""
        return self.authority / "ca.crt"

    @property
    def volumes(self) -> Path:
        """Data of PersistentVolumes."""
        return self.home / "volumes"

    @property
    def bin(self) -> Path:
        """Links to the commands of the pinned versions; first in PATH of all that the sandbox starts."""
        return self.home / "bin"

    @property
    def bundle(self) -> Path:
        """Manifests and charts of the pinned upstreams: `<upstream>/<path>`."""
        return self.cache / "bundle"

    @property
    def timings(self) -> Path:
        """How long each step took in earlier runs; in the cache, so that a fresh node still has its estimate."""
        return self.cache / "timings.json"
