"""Stand-ins for the cluster and the clock, for tests that need neither."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from checks.access import Access
from checks.check import Check, Competency, Proof
from checks.cluster import Cluster
from checks.wait import Deadline

ACCESS = Access(Path("/nowhere/kubeconfig"), None, "cairn.localhost", Path("/nowhere/ca.crt"), Path("/nowhere"))


@dataclass
class Clock:
    """Time that passes when somebody rests."""

    now: float = 100.0
    rests: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds


def cluster(seconds: float = 60) -> Cluster:
    """A cluster that nobody asks anything of."""
    return Cluster(ACCESS, None, None, Deadline.after(seconds))


def fine(_: Cluster) -> str:
    return "seen"


def check(id_: str, positive: Proof = fine, negative: Proof = fine, deadline: float = 60, **more: bool) -> Check:
    return Check(id_, f"{id_} holds.", Competency.GITOPS, positive, negative, deadline, **more)
