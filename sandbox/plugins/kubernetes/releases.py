"""`helm.sh/v3:Release`: a release that the helm command makes, changes and removes."""

from __future__ import annotations

import json
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.kubernetes import helm
from sandbox.plugins.kubernetes.helm import HelmError as ReleaseError
from sandbox.plugins.kubernetes.objects import Token
from sandbox.plugins.kubernetes.settings import Settings
from sandbox.plugins.kubernetes.values import Tree, encode, has_unknown, mark_secrets, plain

__all__ = [
    "ReleaseError",
    "checked",
    "identity",
    "install",
    "is_release",
    "read",
    "replaced_by",
    "uninstall",
    "upgrade",
]

DEFAULT_SECONDS = 300.0
"""Helm's own."""


def is_release(token: Token) -> bool:
    """Whether a resource is a Helm release rather than an object."""
    return (token.api_version, token.kind) == ("helm.sh/v3", "Release")


def checked(inputs: Tree, resource: str) -> Tree:
    """Inputs with a name and a namespace."""
    return {"name": resource, "namespace": "default", **inputs}


def replaced_by(path: str) -> bool:
    """A release cannot be renamed or moved."""
    return path in {"name", "namespace"}


def identity(inputs: Tree) -> str:
    """`namespace/name`."""
    return f"{inputs['namespace']}/{inputs['name']}"


def install(settings: Settings, inputs: Tree, seconds: float, *, preview: bool) -> Tree:
    """Make the release; its state is the inputs with what Helm says of it."""
    return upgrade(settings, inputs, seconds, preview=preview)


def upgrade(settings: Settings, inputs: Tree, seconds: float, *, preview: bool) -> Tree:
    """Change the release. A preview renders it, so that a wrong chart or value is seen."""
    given = plain(inputs)
    if preview:
        if not has_unknown(given):
            helm.documents(settings, given, given["name"], given["namespace"])
        return inputs
    with helm.values(given) as values:
        helm.run(
            settings, "upgrade", "--install", given["name"], *helm.source(given), "--namespace", given["namespace"],
            *values, *_options(given, seconds),
        )  # fmt: skip
    return {**inputs, **mark_secrets(_status(settings, given), inputs)}


def uninstall(settings: Settings, inputs: Tree, seconds: float) -> None:
    """Remove the release, and wait until its objects are gone."""
    given = plain(inputs)
    # Helm 4's watching wait was seen to wait for ever for what was gone before it looked; the older one asks again.
    helm.run(
        settings, "uninstall", given["name"], "--namespace", given["namespace"], "--ignore-not-found", "--wait=legacy",
        f"--timeout={seconds or DEFAULT_SECONDS:.0f}s",
    )  # fmt: skip


def read(settings: Settings, identifier: str, inputs: Tree, state: Tree) -> Any:
    """Whether it is still there, and at which revision."""
    namespace, _, name = identifier.partition("/")
    try:
        status = _status(settings, {"name": name, "namespace": namespace})
    except ReleaseError as error:
        if "not found" in str(error):
            return provider_pb2.ReadResponse()
        raise
    given = inputs or {"name": name, "namespace": namespace}
    return provider_pb2.ReadResponse(
        id=identifier, inputs=encode(given), properties=encode({**(state or given), **status})
    )


def _options(given: Tree, seconds: float) -> list[str]:
    timeout = seconds or float(given.get("timeout") or DEFAULT_SECONDS)
    return [
        f"--timeout={timeout:.0f}s",
        *(["--create-namespace"] if given.get("createNamespace") else []),
        *([] if given.get("skipAwait") else ["--wait"]),
        *(["--wait-for-jobs"] if given.get("waitForJobs") else []),
        *(["--rollback-on-failure"] if given.get("atomic") else []),
    ]


def _status(settings: Settings, given: Tree) -> Tree:
    text = helm.run(settings, "status", given["name"], "--namespace", given["namespace"], "--output", "json")
    found = json.loads(text)
    # The rest of Helm's answer, its values among it, would be secret where the inputs are.
    return {"status": {"name": found["name"], "namespace": found["namespace"], "status": found["info"]["status"]}}
