"""How a service of the platform gets its name: one Ingress, of one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.networking.v1 import Ingress


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """A name and what answers it."""

    host: str
    """Full DNS name. Its certificate is the ingress's default one, so no Secret is named."""
    class_name: str
    """IngressClass."""
    namespace: str
    service: str
    """Also the name of the Ingress."""
    port: str
    """Name of the service's port."""
    labels: Mapping[str, str]

    def ingress(self, name: str, opts: ResourceOptions) -> Ingress:
        """The object, as the resource `name`."""
        backend = {"service": {"name": self.service, "port": {"name": self.port}}}
        return Ingress(
            name,
            metadata={"name": self.service, "namespace": self.namespace, "labels": dict(self.labels)},
            spec={
                "ingress_class_name": self.class_name,
                "tls": [{"hosts": [self.host]}],
                "rules": [
                    {
                        "host": self.host,
                        "http": {"paths": [{"path": "/", "path_type": "Prefix", "backend": backend}]},
                    }
                ],
            },
            opts=opts,
        )
