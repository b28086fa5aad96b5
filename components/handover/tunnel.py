"""A way into the cluster's Git server for whoever has the kubeconfig: no name, load balancer or trust is needed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import kr8s
from kr8s.objects import Service

from components.handover.errors import UnreachableError

# It says so of every Kubernetes that is newer than itself; finding a pod and forwarding a port are as old as 1.0.
warnings.filterwarnings("ignore", message="Kubernetes version .* is not supported", module="kr8s")


@contextmanager
def tunnel(namespace: str, service: str, port: int, context: str) -> Iterator[str]:
    """The address, on this machine, of a port of a ready pod behind a service."""
    try:
        api = kr8s.api(context=context or None)
        found = Service.get(service, namespace=namespace, api=api)
        if not found.ready_pods():
            raise UnreachableError(f"expected a ready pod of the service {namespace}/{service}; there is none")
    except (kr8s.NotFoundError, kr8s.ServerError, kr8s.APITimeoutError, ValueError, OSError) as error:
        cluster = f"the cluster of the kubeconfig's context {context or '(its current one)'}"
        raise UnreachableError(f"expected the service {namespace}/{service} in {cluster}: {error}") from error
    with found.portforward(remote_port=port, local_port="auto") as local:
        yield f"http://127.0.0.1:{local}"
