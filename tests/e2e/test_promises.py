"""Every promise of the platform, from both sides: the same checks as `make verify`.

Those that disturb nothing are proved beside each other, once, and each test shows what came of its side.
"""

from __future__ import annotations

from typing import Any

import pytest

from checks.catalogue import CHECKS
from checks.check import Check, Result, Side
from checks.cluster import Cluster
from checks.runner import run

SIDES = [
    pytest.param(check, side, id=f"{check.id}[{side}]") for check in CHECKS if not check.disruptive for side in Side
]


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, cluster: Cluster) -> dict[tuple[str, Side], Result]:
    """Both sides of every check that a chosen test asks for."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    asked: list[Any] = [item.callspec.params["check"] for item in items if "results" in item.fixturenames]
    return {(result.check.id, result.side): result for result in run(list(dict.fromkeys(asked)), cluster)}


@pytest.mark.parametrize(("check", "side"), SIDES)
def test_promise(check: Check, side: Side, results: dict[tuple[str, Side], Result]) -> None:
    result = results[check.id, side]
    assert result.passed, f"{check.sentence} ({side} side, {result.seconds:.0f} s)\n{result.detail}"
