"""Runs checks: those that disturb nothing beside each other, the disruptive ones alone and after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import urllib3
from kubernetes import client

from checks.check import Check, Result, Side, UnmetError
from checks.cluster import Cluster

AT_ONCE = 4
"""Checks that run beside each other. They mostly wait for the cluster, so two cores carry more than two."""

Listener = Callable[[Result], None]


def run(
    checks: Sequence[Check], cluster: Cluster, on_result: Listener = lambda _: None, at_once: int = AT_ONCE
) -> list[Result]:
    """Run both sides of every check; gives the results in the order of the checks."""
    results: list[Result] = []
    for result in _results(checks, cluster, at_once):
        results.append(result)
        on_result(result)
    order = {check.id: index for index, check in enumerate(checks)}
    return sorted(results, key=lambda result: (order[result.check.id], result.side is Side.NEGATIVE))


def _results(checks: Sequence[Check], cluster: Cluster, at_once: int) -> Iterator[Result]:
    with ThreadPoolExecutor(at_once, "check") as pool:
        futures = [pool.submit(both, check, cluster) for check in checks if not check.disruptive]
        for future in as_completed(futures):
            yield from future.result()
    for check in checks:
        if check.disruptive:
            yield from both(check, cluster)


def both(check: Check, cluster: Cluster) -> list[Result]:
    """Both sides, one after the other: they may use the same names."""
    return [run_side(check, side, cluster) for side in Side]


def run_side(check: Check, side: Side, cluster: Cluster) -> Result:
    """Run one side within its deadline. What it raises becomes the result's detail."""
    began = time.monotonic()
    bounded = cluster.within(check.deadline)
    try:
        passed, detail = True, check.proof(side)(bounded)
    except UnmetError as error:
        passed, detail = False, str(error)
    except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
        passed, detail = False, f"{type(error).__name__}: {_reason(error)}"
    except Exception as error:  # a mistake in a check must not hide the results of the others
        passed, detail = False, f"the check itself failed: {type(error).__name__}: {error}"
    seconds = time.monotonic() - began
    if passed and bounded.deadline.passed():
        late = UnmetError(f"an answer within {check.deadline:.0f} s", f"{detail}, but after {seconds:.0f} s")
        passed, detail = False, str(late)
    return Result(check, side, passed, seconds, detail)


def _reason(error: Exception) -> str:
    if isinstance(error, client.ApiException):
        return f"{error.status} {error.reason}: {str(error.body)[:300]}"
    return str(error).splitlines()[0] if str(error) else "no message"
