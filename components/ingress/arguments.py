"""What a caller decides about the ingress."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import Input


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """What a caller decides."""

    image: str
    """Full reference of Traefik's image."""
    domain: str
    """Parent of the names that are served; an Ingress reports it as its address where no load balancer has one."""
    certificate: Input[str]
    """PEM of the wildcard certificate with its chain."""
    key: Input[str]
    """PEM of its private key."""
    class_name: str = "traefik"
    service_type: str = "LoadBalancer"
    host_ports: bool = False
    """Bind 80 and 443 of the node."""
    replicas: int = 1
