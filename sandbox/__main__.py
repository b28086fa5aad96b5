"""The sandbox's commands: `python -m sandbox up | down | status | sbom | pulumi`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from components.upstream import UpstreamError
from sandbox import interrupt, kind, lock
from sandbox.build.sbom import Inventory
from sandbox.engine import Engine
from sandbox.kind import KindUp
from sandbox.lock import LockedError
from sandbox.machine import Machine
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
        machine = Machine.here(paths)
        tasks = (KindUp(paths, machine) if kind.wanted(machine) else Up(paths)).tasks()
        names = [task.name for task in tasks]
        if until and until not in names:
            raise typer.BadParameter(f"--until: expected one of {', '.join(names)}, got {until!r}")
        with lock.held(paths.cache):
            Steps(paths.logs, paths.timings, console).run(tasks[: names.index(until) + 1] if until else tasks)
    except (StepFailedError, UpstreamError, LockedError) as error:
        console.print(f"✗ {error}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as stopped:
        console.print("✗ Interrupted. Run the same command again to go on from here.", highlight=False)
        raise typer.Exit(interrupt.INTERRUPTED) from stopped
    if not until:
        raise typer.Exit(report(paths, console))


@app.command()
def down(caches: Annotated[bool, typer.Option(help="Also remove the cache of commands and images.")] = False) -> None:
    """Stop and remove all of the sandbox; the machine is left as it was."""
    paths = Paths()
    try:
        with lock.held(paths.cache):
            if kind.made(paths):
                kind.remove(paths)
            left = teardown.remove(paths, caches) if os.geteuid() == 0 else []
    except LockedError as error:
        console.print(f"✗ {error}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
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


@app.command()
def sbom() -> None:
    """Print what was built and of what, as a CycloneDX document (JSON)."""
    paths = Paths()
    up = Up(paths)
    lock = None
    if not up.frontend.missing():
        lock = up.workspaces["gitea"].source(up.upstreams["gitea"].module or "") / "pnpm-lock.yaml"
    print(Inventory(paths, up.upstreams, up.built(), lock).document())


if __name__ == "__main__":
    interrupt.catch()
    sys.exit(app())
