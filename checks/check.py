"""A check: one promise with a positive and a negative side, and what came of running a side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.cluster import Cluster


class Competency(StrEnum):
    """The exam's competencies that the checks so far prove, in the curriculum's words."""

    ARCHITECTURE = "Applying platform architecture best practices for networking, storage and compute"
    GITOPS = "Implementing GitOps workflows for application and infrastructure deployment"
    SELF_SERVICE = "Using automation frameworks for self-service provisioning"
    MONITORING = "Implementing monitoring, alerting, logging and tracing solutions"
    INCIDENTS = "Diagnosing and remediating platform issues and incident scenarios"
    SECURE_TRAFFIC = "Configuring secure service-to-service communication"
    AUDIT = "Generating audit trails and enforcing policy compliance"


class Side(StrEnum):
    """A promise holds only if the good case is served and the bad case is not."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class UnmetError(AssertionError):
    """A promise that does not hold: what was expected, what was seen, where to look."""

    def __init__(self, expected: str, seen: str, look: str = "") -> None:
        self.expected = expected
        self.seen = seen
        self.look = look
        lines = [f"expected: {expected}", f"seen:     {seen}"]
        if look:
            lines.append(f"look at:  {look}")
        super().__init__("\n".join(lines))


Proof = Callable[["Cluster"], str]
"""Runs one side; returns in a few words what was seen, raises UnmetError when the promise does not hold."""


@dataclass(frozen=True)
class Check:
    """One promise. Its id is `area.name`; the id without its dots also names the namespaces it works in."""

    id: str
    sentence: str
    """What is promised, in words that a user of the platform understands."""
    competency: Competency
    positive: Proof
    negative: Proof
    deadline: float
    """Seconds that one side may take before the promise counts as broken."""
    disruptive: bool = False
    """Whether it stops parts of the platform: run only when named, and never beside another check."""

    def __post_init__(self) -> None:
        area, dot, name = self.id.partition(".")
        if not (area and dot and name):
            raise ValueError(f"check id: expected `area.name`, got {self.id!r}")

    @property
    def area(self) -> str:
        """The first word of the id."""
        return self.id.partition(".")[0]

    def proof(self, side: Side) -> Proof:
        """The function of one side."""
        return self.positive if side is Side.POSITIVE else self.negative


@dataclass(frozen=True)
class Result:
    """What came of one side."""

    check: Check
    side: Side
    passed: bool
    seconds: float
    detail: str
    """What was seen, or why it failed."""
