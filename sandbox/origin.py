"""Where commands, images and plugins come from: their publishers, or builds and stand-ins where none can be reached."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from enum import StrEnum

import requests

from sandbox import files
from sandbox.paths import Paths

VARIABLE = "CAIRN_SOURCE"
PROBE_TIMEOUT = 4.0
"""Seconds for one small file: a publisher that needs more would make a download of gigabytes no pleasure either."""


class Origin(StrEnum):
    """Decided once, and kept until `make down`: a node of both would have to be downloaded and built."""

    DOWNLOAD = "download"
    BUILD = "build"


class OriginError(ValueError):
    """CAIRN_SOURCE is neither of them."""


def remembered(paths: Paths) -> Origin | None:
    """What an earlier run of this sandbox decided."""
    try:
        return Origin((paths.home / "source").read_text())
    except (OSError, ValueError):
        return None


def decide(paths: Paths, probe: str, environment: Mapping[str, str] = os.environ) -> tuple[Origin, str]:
    """The origin and a sentence on why; `probe` is the URL of a checksum file."""
    given = environment.get(VARIABLE, "")
    if given and given not in list(Origin):
        raise OriginError(f"{VARIABLE}: expected one of {', '.join(Origin)}, got {given!r}")
    if given:
        return Origin(given), f"{VARIABLE}={given}"
    if before := remembered(paths):
        return before, f"{before}, as decided by the first `make up` ({VARIABLE} changes it)"
    if reachable(probe):
        return Origin.DOWNLOAD, "publishers can be reached: downloading"
    return Origin.BUILD, "publishers cannot be reached: building from modules"


def remember(paths: Paths, origin: Origin) -> None:
    """Keep to it from now on."""
    files.write(paths.home / "source", origin)


def reachable(probe: str) -> bool:
    """Whether it answers with a checksum: a proxy's error page is no publisher."""
    try:
        answer = requests.get(probe, timeout=PROBE_TIMEOUT)
    except requests.RequestException:
        return False
    return answer.ok and re.match(r"[0-9a-f]{64}\b", answer.text) is not None
