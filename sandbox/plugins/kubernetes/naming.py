"""Names: given ones stay, others are made of the resource's name and eight hexadecimal digits."""

from __future__ import annotations

import hashlib
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.kubernetes.objects import AUTONAMED, annotation, name_of
from sandbox.plugins.kubernetes.values import Secret, Tree

DIGITS = 8

Autonaming = provider_pb2.CheckRequest.AutonamingOptions


class AutonameError(ValueError):
    """The name cannot be made as asked."""


def assign_name(inputs: Tree, old_inputs: Tree | None, resource: str, seed: bytes, options: Any | None) -> Tree:
    """Inputs with a name: the given one, else that of before, else a new one marked as made here.

    Raises AutonameError when the engine's autonaming is disabled and no name is given.
    """
    if name_of(inputs) is not None:
        return inputs
    if old_inputs and annotation(old_inputs, AUTONAMED) == "true":
        return _named(inputs, str(name_of(old_inputs)))
    if options is not None and options.mode == Autonaming.DISABLE:
        raise AutonameError("automatic naming is disabled, expected metadata.name to be set")
    if options is not None and options.proposed_name:
        return _named(inputs, options.proposed_name)
    # The seed makes preview and update agree on the name.
    digits = hashlib.sha256(seed + resource.encode()).hexdigest()[:DIGITS]
    return _named(inputs, f"{resource}-{digits}")


def _named(inputs: Tree, name: str) -> Tree:
    given = inputs.get("metadata") or {}
    secret = isinstance(given, Secret)
    metadata = dict(given.value if isinstance(given, Secret) else given)
    metadata["name"] = name
    metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}
    return {**inputs, "metadata": Secret(metadata) if secret else metadata}
