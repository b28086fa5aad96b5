"""The sandbox's commands: `python -m sandbox up | down | status | pulumi`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from components.upstream import UpstreamError
from sandbox.engine import Engine
from sandbox.node import teardown
from sandbox.paths import Paths
from sandbox.progress import StepFailedError, Steps
from sandbox.status import report
from sandbox.up import Up

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()


@app.command()
def up(until: Annotated[str, typer.Option(help="Stop after this step.")] = "") -> None:
    """Bring up the node and the platform, or what of it is missing."""
    paths = Paths()
    try:
        tasks = Up(paths).tasks()
        names = [task.name for task in tasks]
        if until and until not in names:
            raise typer.BadParameter(f"--until: expected one of {', '.join(names)}, got {until!r}")
        Steps(paths.logs, paths.timings, console).run(tasks[: names.index(until) + 1] if until else tasks)
    except (StepFailedError, UpstreamError) as error:
        console.print(f"✗ {error}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    if not until:
        raise typer.Exit(report(paths, console))


@app.command()
def down(caches: Annotated[bool, typer.Option(help="Also remove the cache of commands and images.")] = False) -> None:
    """Stop and remove all of the sandbox; the machine is left as it was."""
    paths = Paths()
    left = teardown.remove(paths, caches)
    for line in left:
        console.print(f"✗ left behind: {line}", highlight=False)
    if left:
        raise typer.Exit(1)
    kept = "" if caches else f" The cache stays: {paths.cache} (`make down CACHES=1` removes it)."
    console.print(f"✓ The sandbox is gone.{kept}", highlight=False)


@app.command()
def status() -> None:
    """What runs where, and how to log in."""
    raise typer.Exit(report(Paths(), console))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def pulumi(context: typer.Context) -> None:
    """Run pulumi on the sandbox's stack: `python -m sandbox pulumi -- preview --diff`."""
    raise typer.Exit(Engine(Paths()).interactive(*context.args))


if __name__ == "__main__":
    sys.exit(app())
