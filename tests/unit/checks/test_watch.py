"""Watching the cluster, with an API server made of lists.

Matrix: the first look · an object added, changed, deleted · the API server goes away and comes back · the deadline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import urllib3
from kubernetes import watch

from checks import cluster as module
from checks.cluster import CONFIG_MAP, Cluster, Object
from checks.wait import Deadline
from tests.unit.checks.stubs import ACCESS


def object_(uid: str, value: str = "") -> Object:
    return {"metadata": {"uid": uid}, "data": value}


class Listed:
    """What a list request gives."""

    def __init__(self, *items: Object) -> None:
        self.items = items

    def to_dict(self) -> Object:
        return {"items": list(self.items), "metadata": {"resourceVersion": "1"}}


class Server:
    """An API server whose answers are given."""

    def __init__(self, *answers: Listed | Exception) -> None:
        self.answers = iter(answers)

    def get(self, **_: Any) -> Any:
        answer = next(self.answers, None) or urllib3.exceptions.HTTPError("gone for good")
        if isinstance(answer, Exception):
            raise answer
        return self if isinstance(answer, Server) else answer


class Resources:
    def __init__(self, server: Server) -> None:
        self.server = server

    def get(self, **_: Any) -> Server:
        return self.server


def states(monkeypatch: pytest.MonkeyPatch, server: Server, events: list[Object]) -> Iterator[list[Object]]:
    """What a watch sees, with these events after every list."""

    def stream(_: watch.Watch, *_args: Any, **_more: Any) -> Iterator[Object]:
        yield from events

    monkeypatch.setattr(watch.Watch, "stream", stream)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    bounded = Cluster(ACCESS, None, Resources(server), Deadline.after(30))
    return bounded.watch(CONFIG_MAP, "somewhere")


def test_every_change_gives_all_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        {"type": "ADDED", "raw_object": object_("b")},
        {"type": "MODIFIED", "raw_object": object_("a", "changed")},
        {"type": "DELETED", "raw_object": object_("b")},
    ]
    seen = list(islice(states(monkeypatch, Server(Listed(object_("a"))), events), 4))
    assert seen == [
        [object_("a")],
        [object_("a"), object_("b")],
        [object_("a", "changed"), object_("b")],
        [object_("a", "changed")],
    ], "the list first, then the list with each event applied to it"


def test_a_server_that_comes_back_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(urllib3.exceptions.HTTPError("refused"), Listed(), Listed(object_("a")))
    assert list(islice(states(monkeypatch, server, []), 2)) == [[], [object_("a")]], "an error is no state"


def test_the_deadline_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    late = Deadline.after(0)
    bounded = replace(Cluster(ACCESS, None, Resources(Server()), late), deadline=late)
    assert list(bounded.watch(CONFIG_MAP)) == [], "a server that never answers gives no state, and no endless wait"
