"""gitops.*: what is in Git is what runs, and nothing else."""

from __future__ import annotations

from checks.gitops import drift, health, prune, pull_request, push, root

CHECKS = (root.CHECK, push.CHECK, pull_request.CHECK, drift.CHECK, prune.CHECK, health.CHECK)
