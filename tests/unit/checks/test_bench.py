"""The numbers' arithmetic: goals, the runs that are shown as cold and warm, names of workloads, secrets of a state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.bare import SECRET_SIGNATURE, plain
from bench.measurement import Measurement, as_json, summary
from bench.rest import workload
from bench.steps import measured

GOALS = [
    ("reached", Measurement("g", "x", 14.0, "s", 15), True),
    ("just reached", Measurement("g", "x", 15.0, "s", 15), True),
    ("missed", Measurement("g", "x", 15.1, "s", 15), False),
    ("no goal", Measurement("g", "x", 15.1, "s"), None),
    ("nothing measured", Measurement("g", "x", None, "s", 15), None),
]


@pytest.mark.parametrize(("reason", "one", "met"), GOALS, ids=[row[0] for row in GOALS])
def test_goal(reason: str, one: Measurement, met: bool | None) -> None:
    assert one.met is met, reason
    assert json.loads(as_json([one]))[0]["met"] is met, f"{reason}, as data"


def test_summary_names_what_was_missed() -> None:
    missed = Measurement("g", "push", 11, "s", 10)
    reached = Measurement("g", "up", 1, "s", 10)
    assert summary([reached, missed]) == "✗ 1 goals reached, 1 missed: push", "what was missed is named"
    assert summary([reached]).startswith("✓ "), "all reached is told, too"


def entry(at: str, **seconds: float) -> dict[str, object]:
    return {"at": at, "steps": {name: {"seconds": value, "cpu": 0.5} for name, value in seconds.items()}}


def test_steps_shows_the_last_run_of_each_kind(tmp_path: Path) -> None:
    timings = tmp_path / "timings.json"
    runs = [
        entry("cold", commands=900, node=15, platform=60),
        entry("warm, older", commands=0.1, node=15, platform=60),
        entry("warm", commands=0.1, node=12, platform=50),
        entry("nothing to do", commands=0.1, node=0.2, platform=10),
        entry("not to its end", commands=0.1, node=12),
    ]
    timings.write_text(json.dumps(runs))
    whole = [one for one in measured(timings) if one.what == "all steps"]
    assert [one.note for one in whole] == ["run of cold", "run of warm"], "the last run that was whole, of each kind"
    assert [one.value for one in whole] == [975, 62.1], "all steps together"


def test_steps_without_a_run(tmp_path: Path) -> None:
    assert [one.value for one in measured(tmp_path / "none")] == [None, None], "what was not measured is not made up"


PODS = [
    ("of a Deployment", "gitea-c8f946fd6-k72vr", ("ReplicaSet", "gitea-c8f946fd6"), "gitea"),
    ("of a StatefulSet", "controller-0", ("StatefulSet", "controller"), "controller"),
    ("of a node", "etcd-cairn", ("Node", "cairn"), "etcd-cairn"),
    ("of nobody", "client", None, "client"),
]


@pytest.mark.parametrize(("reason", "name", "owner", "expected"), PODS, ids=[row[0] for row in PODS])
def test_workload(reason: str, name: str, owner: tuple[str, str] | None, expected: str) -> None:
    owners = [{"kind": owner[0], "name": owner[1]}] if owner else []
    assert workload({"metadata": {"name": name, "ownerReferences": owners}}) == expected, f"a pod {reason}"


def test_plain_takes_away_what_pulumi_adds() -> None:
    secret = {SECRET_SIGNATURE: "any", "plaintext": '"open"'}
    state = {"kind": "Secret", "__internal": 1, "stringData": {"key": secret}, "list": [secret, 1]}
    expected = {"kind": "Secret", "stringData": {"key": "open"}, "list": ["open", 1]}
    assert plain(state) == expected, "an object as kubectl takes it"
