"""Results shown as a table, as plain lines and as data; and the command's exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from checks import __main__ as command
from checks import report
from checks.check import Result, Side
from tests.unit.checks.stubs import check

GOOD = Result(check("gitops.push"), Side.POSITIVE, True, 1.25, "applied in 1.2 s")
BAD = Result(check("gitops.push"), Side.NEGATIVE, False, 60, "expected: [one]\nseen:     none")


def shown(width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(report.table([GOOD, BAD]))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_table_shows_every_side() -> None:
    printed = shown()
    for text in ("✓", "✗", "gitops.push", "positive", "negative", "1.2 s", "applied in 1.2 s", "seen:     none"):
        assert text in printed, f"{text!r} is shown"
    assert "[one]" in printed, "brackets in what was seen are no markup"


def test_line_of_a_failure_has_its_reason_below() -> None:
    first, second = report.line(BAD).splitlines()
    assert first.startswith("✗ gitops.push"), "the first line says what failed"
    assert second.strip() == "seen:     none", "the next ones say why"
    assert len(report.line(GOOD).splitlines()) == 1, "what is well takes one line"


def test_summary_is_one_line_that_says_what_happened() -> None:
    assert report.summary([GOOD, BAD], 61) == "✗ Of 1 promises 1 not kept: gitops.push (61 s)", "what failed is named"
    assert report.summary([GOOD], 3).startswith("✓ "), "all well is told, too"


def test_json_holds_what_the_table_does() -> None:
    data = json.loads(report.as_json([GOOD, BAD], 61.239))
    assert data["passed"] is False, "one failed side fails all"
    assert data["seconds"] == 61.24, "how long all took"
    assert [row["side"] for row in data["results"]] == ["positive", "negative"], "a row for each side"
    assert data["results"][1]["detail"] == BAD.detail, "with its reason"
    assert data["results"][0]["competency"], "and what it proves"


@pytest.fixture
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment whose kubeconfig is not there."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    return tmp_path / "none"


def test_command_without_a_cluster(no_cluster: Path) -> None:
    done = CliRunner().invoke(command.app, ["network"])
    assert done.exit_code == command.CANNOT_CHECK, "nothing was checked: neither success nor failure"
    assert str(no_cluster) in done.output, "the kubeconfig is named"
    assert len(done.output.strip().splitlines()) == 1, "one line, no traceback"


def test_command_with_a_pattern_of_nothing(no_cluster: Path) -> None:
    done = CliRunner().invoke(command.app, ["nosuch"])
    assert done.exit_code == command.CANNOT_CHECK, "a typo is not a success"
    assert "no check is named 'nosuch'" in done.output, "it is told, with the areas"
    assert "gitops" in done.output, "it is told, with the areas"


def test_command_lists_without_a_cluster(no_cluster: Path) -> None:
    done = CliRunner().invoke(command.app, ["--list", "--json"])
    assert done.exit_code == 0, "a list needs no cluster"
    rows = json.loads(done.output)
    assert {"id", "sentence", "competency", "deadline", "disruptive"} <= set(rows[0]), "each with what is to be known"
    assert any(row["disruptive"] for row in rows), "those that disturb are listed, too"
