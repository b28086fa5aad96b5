"""fault.*: what dies comes back without a hand, and nothing is lost."""

from __future__ import annotations

from checks.faults import node, parts, power

CHECKS = (*node.CHECKS, *parts.CHECKS, power.CHECK)
