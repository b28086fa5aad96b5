"""Starts the provider; the engine's address is the last argument."""

from __future__ import annotations

import sys

from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.plugins.kubernetes.provider import Provider
from sandbox.plugins.serving import serve

THREADS = 256
"""One for each request under way: most of them wait, for an object or for the engine."""


def main() -> None:
    """Serve until the engine ends the process."""
    provider = Provider(sys.argv[-1])
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server), THREADS)
