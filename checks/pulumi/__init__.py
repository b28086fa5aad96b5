"""pulumi.*: the program says what is there, repairs it, and takes it away again."""

from __future__ import annotations

from checks.pulumi import changes, removal

CHECKS = (changes.CHECK, removal.CHECK)
