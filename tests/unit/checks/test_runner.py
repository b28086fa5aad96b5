"""Running checks.

Matrix of a side: holds · does not hold · too late · the API server refuses · no connection · a mistake in the check.
Matrix of a run: order of the results · disruptive ones alone and last · sides of a check one after the other.
"""

from __future__ import annotations

import threading

import pytest
from kubernetes import client

from checks.check import Proof, Side, UnmetError
from checks.cluster import Cluster
from checks.runner import run, run_side
from tests.unit.checks.stubs import check, cluster, fine


def unmet(_: Cluster) -> str:
    raise UnmetError("one pod", "none", "kubectl get pods")


def refused(_: Cluster) -> str:
    raise client.ApiException(status=403, reason="Forbidden")


def unconnected(_: Cluster) -> str:
    raise ConnectionRefusedError("nobody there\nsecond line")


def mistaken(_: Cluster) -> str:
    raise KeyError("status")


FAILURES = [
    ("the promise does not hold", unmet, "expected: one pod\nseen:     none\nlook at:  kubectl get pods"),
    ("the API server refuses", refused, "ApiException: 403 Forbidden"),
    ("nobody answers", unconnected, "ConnectionRefusedError: nobody there"),
    ("the check is wrong itself", mistaken, "the check itself failed: KeyError: 'status'"),
]


@pytest.mark.parametrize(("reason", "proof", "detail"), FAILURES, ids=[row[0] for row in FAILURES])
def test_failing_side(reason: str, proof: Proof, detail: str) -> None:
    result = run_side(check("area.name", negative=proof), Side.NEGATIVE, cluster())
    assert not result.passed, reason
    assert result.detail.startswith(detail), f"{reason}: it is told in words"


def test_side_that_holds() -> None:
    result = run_side(check("area.name"), Side.POSITIVE, cluster())
    assert result.passed, "nothing was raised"
    assert result.detail == "seen", "what was seen is told"


def test_side_that_is_late_fails() -> None:
    result = run_side(check("area.name", deadline=0), Side.POSITIVE, cluster())
    assert not result.passed, "a promise kept too late is not kept"
    assert "an answer within 0 s" in result.detail, "the deadline is told"


def test_side_gets_its_own_deadline() -> None:
    told = check("area.name", positive=lambda bounded: f"{bounded.deadline.seconds}", deadline=7)
    assert run_side(told, Side.POSITIVE, cluster(999)).detail == "7", "the check's deadline counts, not the caller's"


def test_results_are_in_the_order_of_the_checks() -> None:
    first_may_end = threading.Event()

    def slow(_: Cluster) -> str:
        assert first_may_end.wait(10), "the second check ran beside the first one"
        return "slow"

    def quick(_: Cluster) -> str:
        first_may_end.set()
        return "quick"

    told: list[str] = []
    checks = [check("a.slow", positive=slow), check("b.quick", positive=quick)]
    results = run(checks, cluster(), lambda result: told.append(result.check.id), at_once=2)
    assert [(one.check.id, one.side) for one in results] == [
        ("a.slow", Side.POSITIVE), ("a.slow", Side.NEGATIVE), ("b.quick", Side.POSITIVE), ("b.quick", Side.NEGATIVE),
    ], "the order of the checks, whoever was first"  # fmt: skip
    assert told == ["b.quick", "b.quick", "a.slow", "a.slow"], "each is told as soon as it is known"


def test_disruptive_checks_run_alone_and_last() -> None:
    at_work: set[str] = set()
    alone: list[set[str]] = []

    def quiet(_: Cluster) -> str:
        at_work.add("quiet")
        at_work.discard("quiet")
        return ""

    def disrupting(_: Cluster) -> str:
        alone.append(set(at_work))
        return ""

    order: list[str] = []
    checks = [check("fault.x", disrupting, disrupting, disruptive=True), check("a.b", quiet, quiet)]
    run(checks, cluster(), lambda result: order.append(result.check.id))
    assert order == ["a.b", "a.b", "fault.x", "fault.x"], "what disturbs comes after what it would disturb"
    assert alone == [set(), set()], "nothing runs beside it"


def test_a_failure_leaves_the_others_their_results() -> None:
    results = run([check("a.b", mistaken, fine), check("c.d")], cluster())
    assert [one.passed for one in results] == [False, True, True, True], "one mistake is one failed side"
