"""Waiting for a state with a deadline; when it passes, the message says what was still missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from checks.check import UnmetError

T = TypeVar("T")
Clock = Callable[[], float]


@dataclass(frozen=True)
class Deadline:
    """A moment after which a promise counts as broken."""

    at: float
    seconds: float
    clock: Clock = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Clock = time.monotonic) -> Deadline:
        """The moment this many seconds from now."""
        return cls(clock() + seconds, seconds, clock)

    def left(self) -> float:
        """Seconds until then, 0 when it has passed."""
        return max(0.0, self.at - self.clock())

    def passed(self) -> bool:
        """Whether it is too late."""
        return self.left() == 0.0

    def sooner(self, seconds: float) -> Deadline:
        """This deadline, or the moment so many seconds from now if that comes first."""
        other = Deadline.after(seconds, self.clock)
        return other if other.at < self.at else self


def until(expected: str, states: Iterable[T], missing: Callable[[T], str], look: str = "") -> T:
    """The first state of which nothing is missing.

    `states` ends at its own deadline (a watch, or `polled`); `missing` says what a state still lacks, and nothing
    when it lacks nothing. Raises UnmetError with what the last state lacked.
    """
    began = time.monotonic()
    lacking = "no state could be read"
    for state in states:
        lacking = missing(state)
        if not lacking:
            return state
    raise UnmetError(expected, f"{lacking} (after {time.monotonic() - began:.0f} s)", look)


def polled(
    probe: Callable[[], T], deadline: Deadline, interval: float = 0.5, rest: Callable[[float], None] = time.sleep
) -> Iterator[T]:
    """Asks again and again until the deadline: only for what sends no events, such as an HTTP answer."""
    while True:
        yield probe()
        if deadline.passed():
            return
        rest(min(interval, deadline.left()))
