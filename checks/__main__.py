"""`python -m checks [PATTERN...]`: prove the platform's promises on the running cluster."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from checks import report
from checks.access import Access, UnreachableError
from checks.catalogue import PatternError, select
from checks.check import Result
from checks.cluster import Cluster
from checks.runner import AT_ONCE, run

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

CANNOT_CHECK = 2
"""Exit status when nothing could be checked, as against 1 for a promise that does not hold."""


@app.command()
def verify(
    patterns: Annotated[list[str] | None, typer.Argument(help="Ids, areas or globs: gitops, 'network.*'.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as data.")] = False,
    show: Annotated[bool, typer.Option("--list", help="Print what there is to check, and check nothing.")] = False,
    disruptive: Annotated[bool, typer.Option(help="Also those that stop parts of the platform.")] = False,
    at_once: Annotated[int, typer.Option(help="Checks to run beside each other.", min=1)] = AT_ONCE,
) -> None:
    """Prove the platform's promises on the running cluster, each from its positive and its negative side."""
    console = Console()
    errors = Console(stderr=True)
    try:
        chosen = select(patterns or [], disruptive or show)
        if show:
            if as_json:
                report.plain(console, report.list_as_json(chosen))
            else:
                console.print(report.catalogue(chosen))
            return
        cluster = Cluster.connect(Access.from_environment())
    except (PatternError, UnreachableError) as error:
        report.plain(errors, f"✗ {error}")
        raise typer.Exit(CANNOT_CHECK) from None
    began = time.monotonic()
    count = 2 * len(chosen)
    done = 0

    def tell(result: Result) -> None:
        nonlocal done
        done += 1
        if not as_json and not console.is_terminal:
            report.plain(console, report.line(result))
        elif not as_json:
            status.update(f"{done} of {count} sides proved; last: {result.check.id} ({result.side})")

    with console.status(f"proving {len(chosen)} promises") as status:
        results = run(chosen, cluster, tell, at_once)
    seconds = time.monotonic() - began
    if as_json:
        report.plain(console, report.as_json(results, seconds))
    else:
        if console.is_terminal:
            console.print(report.table(results))
        report.plain(console, report.summary(results, seconds))
    raise typer.Exit(0 if all(result.passed for result in results) else 1)


if __name__ == "__main__":
    sys.exit(app())
