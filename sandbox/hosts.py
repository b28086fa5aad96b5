"""The services' names on this machine: a marked block in /etc/hosts, as not every program resolves *.localhost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

HOSTS = Path("/etc/hosts")
BEGIN, END = "# cairn sandbox: begin", "# cairn sandbox: end"


def write(names: Iterable[str], hosts: Path = HOSTS) -> None:
    """Let the names lead to this machine; calling it again replaces what an earlier call wrote."""
    block = [BEGIN, *(f"127.0.0.1 {name}" for name in sorted(names)), END]
    hosts.write_text("\n".join([*_others(hosts), *block]) + "\n")


def remove(hosts: Path = HOSTS) -> None:
    """Take the block out; every other line stays as it is."""
    if BEGIN in hosts.read_text():
        hosts.write_text("\n".join(_others(hosts)) + "\n")


def _others(hosts: Path) -> list[str]:
    kept, inside = [], False
    for line in hosts.read_text().splitlines():
        if line == BEGIN:
            inside = True
        if not inside:
            kept.append(line)
        if line == END:
            inside = False
    return kept
