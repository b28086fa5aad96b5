"""Progress: plain lines without a terminal, a table with one, estimates, and what is printed when a step fails."""

from __future__ import annotations

import io
import json
import time

import pytest
from rich.console import Console

from sandbox.paths import Paths
from sandbox.process import run
from sandbox.progress import KEPT_RUNS, PLAIN_INTERVAL, Step, StepFailedError, Steps, Task


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=120)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line_per_step_without_a_terminal(paths: Paths) -> None:
    console = plain()
    Steps(paths.logs, paths.timings, console).run([Task("one", lambda step: step.say("made it"))])
    (line,) = printed(console).splitlines()
    assert line.startswith("✓ one") and line.endswith("made it")


def test_a_long_step_speaks_now_and_then_without_a_terminal(paths: Paths) -> None:
    console = plain()
    step = Step("build", paths.home / "log", console)
    step.say("too early")
    step._spoke -= PLAIN_INTERVAL + 1
    step.say("package a", 0.5)
    step.say("package b", 0.6)
    assert printed(console).splitlines() == ["  build: 50% package a"], "one line per interval, not one per package"


def test_a_table_on_a_terminal(paths: Paths) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    Steps(paths.logs, paths.timings, console).run([Task("first", lambda step: step.say("x")), Task("second", _nothing)])
    assert "first" in printed(console) and "second" in printed(console)


def test_a_failure_names_the_log_and_its_last_useful_lines(paths: Paths) -> None:
    def failing(step: Step) -> None:
        script = "for i in $(seq 40); do echo line $i; done; echo the reason; exit 3"
        run(["sh", "-c", script], log=step.log)

    with pytest.raises(StepFailedError) as failed:
        Steps(paths.logs, paths.timings, plain()).run([Task("commands", failing), Task("never", _never)])
    message = str(failed.value)
    assert "the reason" in message and "status 3" in message
    assert "line 1\n" not in message, "the rest is in the log"
    assert str(paths.logs / "step-commands.log") in message
    assert "line 1\n" in (paths.logs / "step-commands.log").read_text()
    assert "again" in message, "it says how to go on"


def test_the_estimate_is_last_times(paths: Paths) -> None:
    paths.timings.write_text(json.dumps([{"at": "", "steps": {"node": {"seconds": 30}}}]))
    seen: list[float | None] = []
    Steps(paths.logs, paths.timings, plain()).run(
        [Task("node", lambda step: seen.append(step.left())), Task("new", lambda step: seen.append(step.left()))]
    )
    assert seen[0] == pytest.approx(30, abs=1)
    assert seen[1] is None, "nothing is known of a step that never ran"


def test_the_estimate_is_by_the_fraction_when_there_is_one(paths: Paths) -> None:
    step = Step("build", paths.home / "log", plain(), expected=1000)
    step.started = time.monotonic() - 10
    step.fraction = 0.25
    assert step.left() == pytest.approx(30, abs=1)
    step.seconds = 12.0
    assert step.left() == 0


def test_times_are_kept_for_the_next_run_but_not_forever(paths: Paths) -> None:
    paths.timings.write_text(json.dumps([{"at": "", "steps": {}}] * (KEPT_RUNS + 5)))
    Steps(paths.logs, paths.timings, plain()).run([Task("one", _nothing)])
    history = json.loads(paths.timings.read_text())
    assert len(history) == KEPT_RUNS
    assert history[-1]["steps"]["one"]["seconds"] >= 0


@pytest.mark.parametrize("content", ["", '[{"at"', '{"steps": 1}'])
def test_a_broken_record_of_times_costs_the_estimate_only(content: str, paths: Paths) -> None:
    paths.timings.write_text(content)
    Steps(paths.logs, paths.timings, plain()).run([Task("one", _nothing)])
    assert len(json.loads(paths.timings.read_text())) == 1


def _nothing(_: Step) -> None:
    pass


def _never(_: Step) -> None:
    raise AssertionError("the steps after one that failed must not run")
