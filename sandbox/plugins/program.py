"""Runs one Pulumi program to its end, as ordered on standard input; the language host starts it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime

ALREADY_TOLD = 32
"""Exit status when the error was sent to the engine as a diagnostic; it has nothing to add."""

THREADS_PER_OPERATION = 4


def main() -> None:
    """Read the order, run the program, exit."""
    order = json.load(sys.stdin)
    pulumi.runtime.set_all_config(order["config"], order["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=order["monitor"],
            engine=order["engine"],
            project=order["project"],
            stack=order["stack"],
            parallel=order["parallel"],
            dry_run=order["dry_run"],
            organization=order["organization"],
            root_directory=order["root_directory"],
        )
    )
    program = Path(order["program"])
    sys.argv = [str(program), *order["arguments"]]
    folder = program if program.is_dir() else program.parent
    sys.path.insert(0, str(folder))
    # A program that fails leaves futures unobserved; asyncio's complaints would hide the one error that matters.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    status = run(program, order["parallel"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Threads that still wait for an answer of the engine must not keep a failed program alive.


def run(program: Path, parallel: int) -> int:
    """Run it in the stack's event loop; an error becomes one diagnostic."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(parallel, 1) * THREADS_PER_OPERATION))

    def start() -> Any:
        return runpy.run_path(str(program), run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(start))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    except Exception as error:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{program_traceback(error, program)}")
    else:
        return 0
    return ALREADY_TOLD


def program_traceback(error: BaseException, program: Path) -> str:
    """The traceback from the program's first line on: what runs the program is not its author's concern."""
    folder = str(program if program.is_dir() else program.parent)
    frames = traceback.extract_tb(error.__traceback__)
    inside = next((i for i, frame in enumerate(frames) if frame.filename.startswith(folder)), 0)
    return "".join(traceback.format_exception(error, limit=inside - len(frames))).rstrip()
