"""All checks, and choosing some of them by pattern."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from checks import faults, gitops, network, pulumi
from checks.check import Check

CHECKS: tuple[Check, ...] = (*gitops.CHECKS, *pulumi.CHECKS, *network.CHECKS, *faults.CHECKS)


class PatternError(ValueError):
    """A pattern that no check's id matches."""


def areas(checks: Sequence[Check] = CHECKS) -> list[str]:
    """The first words of the ids."""
    return sorted({check.area for check in checks})


def select(patterns: Sequence[str], disruptive: bool = False, checks: Sequence[Check] = CHECKS) -> list[Check]:
    """The checks that any pattern names: an id, an area, or a glob over ids; all when there is no pattern.

    A disruptive check is chosen only by a pattern that names it or its area, or with `disruptive`.
    Raises PatternError for a pattern that names none.
    """
    chosen: list[Check] = []
    for pattern in patterns or ["*"]:
        found = [check for check in checks if matches(pattern, check)]
        if not found:
            raise PatternError(f"no check is named {pattern!r}; there are the areas {', '.join(areas(checks))}")
        chosen += [check for check in found if not check.disruptive or disruptive or pattern.startswith(check.area)]
    return list(dict.fromkeys(chosen))


def matches(pattern: str, check: Check) -> bool:
    """Whether a pattern names a check."""
    return pattern == check.area or fnmatchcase(check.id, pattern)
