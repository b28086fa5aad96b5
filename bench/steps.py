"""`make up` by step, from the times that it keeps of its own runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.measurement import Measurement

BUILT = 60.0
"""Seconds of the step `commands` above which a run compiled: without anything to compile it takes less than one."""

MADE = 3.0
"""Seconds of the step `node` above which a run made a node: with one that runs it takes less than one."""

COLD_GOAL = 25 * 60.0
WARM_GOAL = 180.0

Run = dict[str, Any]


def measured(timings: Path) -> list[Measurement]:
    """The last run that compiled and the last one that made a node without compiling, step by step."""
    runs: list[Run] = json.loads(timings.read_text()) if timings.exists() else []
    return [
        *_shown("cold `make up`, nothing cached", _last(runs, cold=True), COLD_GOAL),
        *_shown("warm `make up`, no node", _last(runs, cold=False), WARM_GOAL),
    ]


def _last(runs: Sequence[Run], cold: bool) -> Run | None:
    for run in reversed(runs):
        steps = run["steps"]
        seconds = {name: step["seconds"] for name, step in steps.items()}
        if "platform" not in seconds or seconds.get("node", 0) < MADE:
            continue
        if (seconds.get("commands", 0) > BUILT) == cold:
            return run
    return None


def _shown(group: str, run: Run | None, goal: float) -> list[Measurement]:
    if run is None:
        return [Measurement(group, "all steps", None, "s", goal, "no such run is recorded")]
    steps = run["steps"]
    total = sum(step["seconds"] for step in steps.values())
    rows = [Measurement(group, "all steps", total, "s", goal, f"run of {run['at']}")]
    for name, step in steps.items():
        busy = f"{step['cpu']:.0%} of {psutil.cpu_count()} cores busy" if step.get("cpu") is not None else ""
        rows.append(Measurement(group, f"  {name}", step["seconds"], "s", note=busy if step["seconds"] > 1 else ""))
    return rows
