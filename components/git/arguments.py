"""What a caller decides about the Git server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GitArgs:
    """What a caller decides; the rest is the platform's decision."""

    image: str
    """Full reference of Gitea's rootless image."""
    host: str
    """DNS name that it is served on."""
    ingress_class: str
    """IngressClass that serves it."""
    webhook_hosts: Sequence[str]
    """Names that repositories may send webhooks to; every other is refused."""
    client_namespaces: Sequence[str]
    """Namespaces whose pods may open connections to it."""
    storage_size: str = "5Gi"
    """Size of its volume."""
    storage_class: str = ""
    """The cluster's default when empty."""

    def __post_init__(self) -> None:
        if "." not in self.host:
            raise ValueError(f"git.host: expected a DNS name, got {self.host!r}")
