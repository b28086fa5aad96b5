"""The smallest set of changed places between two versions of an object's inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from sandbox.plugins.kubernetes.values import UNKNOWN, Secret

SIMPLE_KEY = re.compile(r"[A-Za-z_][\w-]*\Z")


class Change(Enum):
    """What happened at a place."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Change]]:
    """Property paths as Pulumi writes them (`spec.ports[0].port`, `data["a.b"]`) with what changed there."""
    if isinstance(old, Secret):
        old = old.value
    if isinstance(new, Secret):
        new = new.value
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            place = _join(path, key)
            if key not in new or new[key] is None:
                if old.get(key) is not None:
                    yield place, Change.DELETE
            elif key not in old or old[key] is None:
                yield place, Change.ADD
            else:
                yield from differences(old[key], new[key], place)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            place = f"{path}[{index}]"
            if index >= len(new):
                yield place, Change.DELETE
            elif index >= len(old):
                yield place, Change.ADD
            else:
                yield from differences(old[index], new[index], place)
    elif new is UNKNOWN or old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, Change.UPDATE


def _join(path: str, key: str) -> str:
    if not SIMPLE_KEY.match(key):
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key
