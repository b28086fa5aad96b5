"""Deadlines and waits.

Matrix: nothing missing at once · after some states · never · no state at all · asking until a deadline · the sooner.
"""

from __future__ import annotations

import pytest

from checks.check import UnmetError
from checks.wait import Deadline, polled, until
from tests.unit.checks.stubs import Clock


def missing(state: int) -> str:
    return "" if state >= 3 else f"{3 - state} of 3 are missing"


def test_until_gives_the_first_state_that_lacks_nothing() -> None:
    states = iter([1, 3, 4])
    assert until("three", states, missing) == 3, "the wait ends when nothing is missing"
    assert next(states) == 4, "and looks no further"


def test_until_tells_what_was_still_missing() -> None:
    with pytest.raises(UnmetError) as unmet:
        until("three pods", [0, 2], missing, "kubectl get pods")
    lines = str(unmet.value).splitlines()
    assert lines[0] == "expected: three pods", "what was waited for"
    assert "1 of 3 are missing" in lines[1], "what the last state lacked, not the first"
    assert lines[2] == "look at:  kubectl get pods", "where to look"


def test_until_without_any_state() -> None:
    with pytest.raises(UnmetError, match="no state could be read"):
        until("three", [], missing)


def test_polled_asks_until_the_deadline() -> None:
    clock = Clock()
    asked = list(polled(lambda: clock.now, Deadline.after(2, clock), interval=0.75, rest=clock.rest))
    assert asked == [100, 100.75, 101.5, 102], "it asks at once, and a last time when the deadline comes"
    assert clock.rests == [0.75, 0.75, 0.5], "it never rests beyond the deadline"


def test_polled_asks_once_when_it_is_too_late() -> None:
    clock = Clock()
    assert list(polled(lambda: "state", Deadline.after(0, clock), rest=clock.rest)) == ["state"], "one look is free"
    assert clock.rests == [], "and no rest after it"


def test_deadline() -> None:
    clock = Clock()
    deadline = Deadline.after(10, clock)
    assert deadline.left() == 10, "all of it is left"
    assert deadline.sooner(4).left() == 4, "the sooner of two"
    assert deadline.sooner(99) is deadline, "never a later one"
    clock.now += 11
    assert deadline.left() == 0, "never less than nothing"
    assert deadline.passed(), "it has passed"
    assert not Deadline.after(1, clock).passed(), "another one has not"
