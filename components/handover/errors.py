"""What can go wrong when content is handed over: one family of errors, told in full sentences."""

from __future__ import annotations


class HandOverError(RuntimeError):
    """The hand-over did not happen; the repository is as it was before."""


class UnreachableError(HandOverError):
    """The Git server does not answer, or is not there."""
