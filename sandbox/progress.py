"""Steps shown as they go: what is being done, how far it is, and about how long it will still take."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.live import Live
from rich.table import Table

from sandbox import files

PLAIN_INTERVAL = 15.0
"""Seconds between lines of a long step where there is no terminal."""

KEPT_RUNS = 20
"""Runs whose times are kept for the estimate and the bench."""


@dataclass
class Step:
    """One step while it runs; what it is given to report with."""

    name: str
    log: Path
    console: Console
    expected: float | None = None
    """Seconds that it took last time, if it was run before."""
    detail: str = ""
    fraction: float | None = None
    started: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    cpu: float | None = None
    """Share of all cores that was busy while the step ran, 0 to 1."""
    _spoke: float = field(default_factory=time.monotonic)

    def say(self, detail: str, fraction: float | None = None) -> None:
        """What is being done now, and which part of the step (0 to 1) is behind."""
        self.detail, self.fraction = detail, fraction
        if not self.console.is_terminal and time.monotonic() - self._spoke > PLAIN_INTERVAL:
            self._spoke = time.monotonic()
            share = f" {fraction:.0%}" if fraction is not None else ""
            self.console.print(f"  {self.name}:{share} {detail}", highlight=False)

    def left(self) -> float | None:
        """Seconds that are probably left: by the fraction done, else by last time."""
        spent = time.monotonic() - self.started
        if self.seconds is not None:
            return 0.0
        if self.fraction:
            return spent * (1 - self.fraction) / self.fraction
        return max(0.0, self.expected - spent) if self.expected is not None else None


class StepFailedError(RuntimeError):
    """A step ended with an error; its message is what the user reads."""

    def __init__(self, step: Step, cause: Exception) -> None:
        super().__init__(
            f"{step.name}: {cause}\nThe step's log: {step.log}\nRun the same command again to go on from here."
        )


@dataclass(frozen=True)
class Task:
    """A step to be run."""

    name: str
    run: Callable[[Step], None]


def read_history(timings: Path) -> list[dict[str, object]]:
    """The times of earlier runs; none when there is no readable file: it is only an estimate."""
    try:
        history = json.loads(timings.read_text())
    except (OSError, ValueError):
        return []
    return history if isinstance(history, list) else []


class Steps:
    """Runs tasks one after the other and shows them."""

    def __init__(self, logs: Path, timings: Path, console: Console | None = None) -> None:
        self.logs = logs
        self.timings = timings
        self.console = console or Console()
        self.done: list[Step] = []
        self.history = read_history(timings)

    def run(self, tasks: Sequence[Task]) -> None:
        """Run all; raises StepFailedError at the first that fails."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self._live(tasks) as show:
            for task in tasks:
                log = self.logs / f"step-{task.name}.log"
                log.unlink(missing_ok=True)
                step = Step(task.name, log, self.console, self._expected(task.name))
                show(step)
                psutil.cpu_percent()
                try:
                    task.run(step)
                except Exception as error:
                    raise StepFailedError(step, error) from error
                step.seconds = time.monotonic() - step.started
                step.cpu = psutil.cpu_percent() / 100
                self.done.append(step)
                if not self.console.is_terminal:
                    self.console.print(f"✓ {step.name:<10} {step.seconds:6.1f} s  {step.detail}", highlight=False)
        self._remember()

    def _expected(self, name: str) -> float | None:
        for run in reversed(self.history):
            times = run["steps"]
            assert isinstance(times, dict)
            if name in times:
                return float(times[name]["seconds"])
        return None

    def _remember(self) -> None:
        steps = {step.name: {"seconds": round(step.seconds or 0, 2), "cpu": step.cpu} for step in self.done}
        self.history.append({"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "steps": steps})
        files.write(self.timings, json.dumps(self.history[-KEPT_RUNS:], indent=1))

    @contextmanager
    def _live(self, tasks: Sequence[Task]) -> Iterator[Callable[[Step], None]]:
        current: list[Step] = []
        if not self.console.is_terminal:
            yield current.append
            return
        with Live(get_renderable=lambda: self._table(tasks, current), console=self.console, refresh_per_second=4):
            yield current.append

    def _table(self, tasks: Sequence[Task], begun: Sequence[Step]) -> Table:
        table = Table.grid(padding=(0, 2))
        left = 0.0
        for index, task in enumerate(tasks):
            step = begun[index] if index < len(begun) else None
            if step is None:
                expected = self._expected(task.name)
                left += expected or 0.0
                table.add_row(" ", f"[dim]{task.name}", f"[dim]about {expected:.0f} s" if expected else "", "")
                continue
            remaining = step.left()
            left += remaining or 0.0
            mark = "[green]✓" if step.seconds is not None else "[yellow]…"
            spent = step.seconds if step.seconds is not None else time.monotonic() - step.started
            share = f"{step.fraction:.0%} " if step.fraction is not None and step.seconds is None else ""
            table.add_row(mark, task.name, f"{spent:.0f} s", f"{share}{step.detail}"[:100])
        table.add_row("", "", "", f"[dim]about {left:.0f} s left" if left else "")
        return table
