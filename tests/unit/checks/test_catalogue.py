"""Choosing checks by pattern, and what every check of the catalogue has to be.

Matrix: no pattern · area · id · glob · several, with overlap · nothing matches · disruptive: left out, by its area, by
its id, by a glob over all, when asked for.
"""

from __future__ import annotations

import re

import pytest

from checks.catalogue import CHECKS, PatternError, areas, select
from tests.unit.checks.stubs import check

SOME = [check("gitops.push"), check("gitops.prune"), check("network.policy"), check("fault.etcd", disruptive=True)]

CHOICES = [
    ("nothing named: all that disturb nothing", [], False, ["gitops.push", "gitops.prune", "network.policy"]),
    ("an area", ["gitops"], False, ["gitops.push", "gitops.prune"]),
    ("an id", ["gitops.prune"], False, ["gitops.prune"]),
    ("a glob in an area", ["gitops.p*e"], False, ["gitops.prune"]),
    ("a glob over areas", ["*.p*"], False, ["gitops.push", "gitops.prune", "network.policy"]),
    ("twice the same", ["gitops.push", "gitops"], False, ["gitops.push", "gitops.prune"]),
    ("disruptive by its area", ["fault"], False, ["fault.etcd"]),
    ("disruptive by its id", ["fault.etcd"], False, ["fault.etcd"]),
    ("disruptive by a glob of its area", ["fault.*"], False, ["fault.etcd"]),
    ("not by a glob over all", ["*"], False, ["gitops.push", "gitops.prune", "network.policy"]),
    ("all when asked for", [], True, ["gitops.push", "gitops.prune", "network.policy", "fault.etcd"]),
]


@pytest.mark.parametrize(("reason", "patterns", "disruptive", "expected"), CHOICES, ids=[row[0] for row in CHOICES])
def test_select(reason: str, patterns: list[str], disruptive: bool, expected: list[str]) -> None:
    assert [chosen.id for chosen in select(patterns, disruptive, SOME)] == expected, reason


@pytest.mark.parametrize("pattern", ["nosuch", "gitops.x*", "git"])
def test_pattern_of_nothing_is_an_error(pattern: str) -> None:
    with pytest.raises(PatternError) as refused:
        select(["gitops", pattern], checks=SOME)
    assert repr(pattern) in str(refused.value), "the pattern that names nothing is told"
    assert "fault, gitops, network" in str(refused.value), "and what there is"


def test_catalogue_has_every_area_that_is_promised() -> None:
    assert {"fault", "gitops", "network", "pulumi"} <= set(areas()), "every area of the platform has its promises"


def test_ids_are_unique_and_can_name_namespaces() -> None:
    ids = [one.id for one in CHECKS]
    assert len(ids) == len(set(ids)), "an id names one check"
    for id_ in ids:
        namespace = f"check-{id_.replace('.', '-')}-ffffff"
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", namespace), f"{id_} can name a namespace"
        assert len(namespace) <= 63, f"{id_} is short enough to name one"


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.id)
def test_check_is_whole(one: object) -> None:
    found = next(check for check in CHECKS if check is one)
    assert found.sentence.endswith("."), "a promise is a sentence"
    assert found.positive is not found.negative, "two sides are two proofs"
    assert 0 < found.deadline <= 600, "a promise has a deadline that somebody would wait for"


def test_what_stops_things_is_disruptive() -> None:
    assert all(one.disruptive for one in CHECKS if one.area == "fault"), "`make verify` stops nothing by itself"
    assert any(one.id == "pulumi.destroy-leaves-nothing" and one.disruptive for one in CHECKS), "nor removes anything"


@pytest.mark.parametrize("id_", ["gitops", ".push", "gitops.", ""])
def test_id_without_area_or_name_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match=r"expected `area\.name`"):
        check(id_)
