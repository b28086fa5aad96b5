"""How a plugin tells the engine where it listens, and how it ends with the engine."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc

GRPC_OPTIONS = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
]
"""The engine's own limit: a CRD with its state can be several megabytes."""


def serve(register: Callable[[grpc.Server], None], threads: int) -> None:
    """Serve until the engine ends the process; its first line on standard output is the port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=threads), options=GRPC_OPTIONS)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # The engine interrupts its plugins when it is done with them.
    signal.signal(signal.SIGINT, lambda *_: server.stop(grace=None))
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def _end_with(engine: int) -> None:
    """End when the engine is gone: one that was killed could not interrupt its plugins."""
    try:
        gone = os.pidfd_open(engine)
    except ProcessLookupError:
        os._exit(0)
    select.select([gone], [], [])
    os._exit(0)
