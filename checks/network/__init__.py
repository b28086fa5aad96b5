"""network.*: pods reach what they may and nothing else; names, TLS, volumes and metrics serve."""

from __future__ import annotations

from checks.network import metrics, names, policy, storage

CHECKS = (policy.CHECK, names.CHECK, storage.CHECK, metrics.CHECK)
