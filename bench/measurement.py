"""One measured number, and all of them as a table or as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table


@dataclass(frozen=True)
class Measurement:
    """A number, what it is of, and what it should be."""

    group: str
    what: str
    value: float | None
    """None when there is nothing to measure; the note says why."""
    unit: str
    goal: float | None = None
    """What the value should not exceed."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a value."""
        return None if self.goal is None or self.value is None else self.value <= self.goal


def table(measurements: Sequence[Measurement]) -> Table:
    """All, a group after the other."""
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("", "what", "measured", "goal", "note"):
        shown.add_column(
            column, justify="right" if column in {"measured", "goal"} else "left", no_wrap=column != "note"
        )
    group = ""
    for one in measurements:
        if one.group != group:
            group = one.group
            shown.add_row("", f"[bold]{group}", "", "", "")
        mark = {True: "[green]✓", False: "[red]✗", None: ""}[one.met]
        shown.add_row(mark, one.what, _number(one.value, one.unit), _number(one.goal, one.unit, ""), one.note)
    return shown


def as_json(measurements: Sequence[Measurement]) -> str:
    """All, as data."""
    return json.dumps([{**asdict(one), "met": one.met} for one in measurements], indent=2)


def summary(measurements: Sequence[Measurement]) -> str:
    """What came of the goals, in one line."""
    missed = [one.what for one in measurements if one.met is False]
    reached = sum(one.met is True for one in measurements)
    if missed:
        return f"✗ {reached} goals reached, {len(missed)} missed: {', '.join(missed)}"
    return f"✓ {len(measurements)} numbers measured, all {reached} goals reached"


def _number(value: float | None, unit: str, nothing: str = "none") -> str:
    if value is None:
        return nothing
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} {unit}".rstrip()
