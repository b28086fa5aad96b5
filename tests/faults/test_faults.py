"""The promises that need something to be stopped or removed: the same checks as `make verify CHECK=fault`."""

from __future__ import annotations

import pytest

from checks.catalogue import CHECKS
from checks.check import Check, Side
from checks.cluster import Cluster
from checks.runner import run_side

# What kills one thing at a time first, what takes all away last.
DISRUPTIVE = sorted((check for check in CHECKS if check.disruptive), key=lambda check: check.area)
SIDES = [pytest.param(check, side, id=f"{check.id}[{side}]") for check in DISRUPTIVE for side in Side]


@pytest.mark.faults
@pytest.mark.parametrize(("check", "side"), SIDES)
def test_promise(check: Check, side: Side, cluster: Cluster) -> None:
    result = run_side(check, side, cluster)
    assert result.passed, f"{check.sentence} ({side} side, {result.seconds:.0f} s)\n{result.detail}"
