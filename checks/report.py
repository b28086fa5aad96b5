"""Results shown: a table on a terminal, plain lines elsewhere, or data."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.check import Check, Result


def line(result: Result) -> str:
    """One result in a line of its own, a failure with its reason below."""
    mark = "✓" if result.passed else "✗"
    first, *rest = result.detail.splitlines() or [""]
    head = f"{mark} {result.check.id:<32} {result.side:<8} {result.seconds:6.1f} s  {first}"
    return "\n".join([head, *(f"    {more}" for more in rest)])


def table(results: Sequence[Result]) -> Table:
    """All results of a run."""
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("", "check", "side", "time", "seen"):
        shown.add_column(column, justify="right" if column == "time" else "left", no_wrap=column in {"check", "side"})
    for result in results:
        mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
        shown.add_row(mark, result.check.id, str(result.side), f"{result.seconds:.1f} s", escape(result.detail))
    return shown


def catalogue(checks: Sequence[Check]) -> Table:
    """What there is to check."""
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("check", "promise", "competency"):
        shown.add_column(column, no_wrap=column == "check")
    for check in checks:
        mark = " (disruptive)" if check.disruptive else ""
        shown.add_row(check.id, escape(check.sentence) + mark, str(check.competency))
    return shown


def summary(results: Sequence[Result], seconds: float) -> str:
    """What happened, in one line."""
    failed = sorted({result.check.id for result in results if not result.passed})
    count = len({result.check.id for result in results})
    if failed:
        return f"✗ Of {count} promises {len(failed)} not kept: {', '.join(failed)} ({seconds:.0f} s)"
    return f"✓ Of {count} promises all kept, each proved from both sides ({seconds:.0f} s)"


def as_json(results: Sequence[Result], seconds: float) -> str:
    """The results as data."""
    rows = [
        {
            "id": result.check.id,
            "side": str(result.side),
            "sentence": result.check.sentence,
            "competency": str(result.check.competency),
            "passed": result.passed,
            "seconds": round(result.seconds, 2),
            "deadline": result.check.deadline,
            "detail": result.detail,
        }
        for result in results
    ]
    return json.dumps(
        {"passed": all(result.passed for result in results), "seconds": round(seconds, 2), "results": rows}, indent=2
    )


def list_as_json(checks: Sequence[Check]) -> str:
    """The checks as data."""
    rows = [
        {
            "id": check.id,
            "sentence": check.sentence,
            "competency": str(check.competency),
            "deadline": check.deadline,
            "disruptive": check.disruptive,
        }
        for check in checks
    ]
    return json.dumps(rows, indent=2)


def plain(console: Console, text: str) -> None:
    """Print text as it is: no markup, no colours of its own, no wrapping."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
