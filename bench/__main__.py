"""`python -m bench`: measure, and print a table."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import bare, changes, rest, steps
from bench.measurement import Measurement, as_json, summary, table
from checks.access import Access, UnreachableError
from checks.check import UnmetError
from checks.cluster import Cluster

PLAIN_WIDTH = 140
"""Columns of the table where there is no terminal to ask."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    as_data: Annotated[bool, typer.Option("--json", help="Print the numbers as data.")] = False,
    disruptive: Annotated[
        bool, typer.Option(help="Also what removes the platform for some minutes: pulumi up against a bare apply.")
    ] = False,
) -> None:
    """Measure this sandbox. Exit status 0 only if every goal that was measured is reached."""
    console, errors = Console(), Console(stderr=True)
    try:
        with errors.status("measuring") as status:
            measurements = steps.measured(_timings())
            cluster = Cluster.connect(Access.from_environment())
            status.update("memory and CPU at rest")
            measurements += rest.measured(cluster)
            status.update("changes")
            measurements += [changes.nothing(cluster), changes.push(cluster)]
            if disruptive:
                status.update("pulumi up against a bare apply: the platform is away for some minutes")
                measurements += bare.measured(cluster)
            else:
                note = "removes the platform for some minutes; ask by --disruptive"
                measurements.append(Measurement("`pulumi up` against a bare apply", "ratio", None, "", bare.GOAL, note))
    except (UnreachableError, UnmetError) as error:
        errors.print(f"✗ {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    if as_data:
        console.print(as_json(measurements), markup=False, highlight=False, soft_wrap=True)
    else:
        console.print(table(measurements), width=None if console.is_terminal else PLAIN_WIDTH)
        console.print(summary(measurements), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(one.met is not False for one in measurements) else 1)


def _timings() -> Path:
    """Where `make up` keeps its times: in its cache, see sandbox/paths.py."""
    usual = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cairn"
    return Path(os.environ.get("CAIRN_CACHE", usual)) / "timings.json"


if __name__ == "__main__":
    sys.exit(app())
