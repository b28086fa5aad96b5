"""The user's interrupt: every wait ends, whatever it waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import urllib3


class CancelledError(Exception):
    """The engine asked to stop."""

    def __init__(self) -> None:
        super().__init__("cancelled")


class Cancellation:
    """Set once; then open watches end and no new one starts."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._open: set[urllib3.BaseHTTPResponse] = set()

    def cancel(self) -> None:
        """End all waits."""
        self._event.set()
        with self._lock:
            for response in self._open:
                with suppress(Exception):  # It may have ended in the meantime.
                    response.shutdown()

    def check(self) -> None:
        """Raise CancelledError when it is set."""
        if self._event.is_set():
            raise CancelledError

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the cancellation; then raise CancelledError."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def closing(self, response: urllib3.BaseHTTPResponse) -> Iterator[None]:
        """Let an answer that is being read end with the cancellation."""
        with self._lock:
            self._open.add(response)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._open.discard(response)
            response.close()
