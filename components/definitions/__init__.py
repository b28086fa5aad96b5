"""The platform's own kinds. Argo CD applies a CustomResourceDefinition, but never deletes it; Pulumi does both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi import ResourceOptions
from pulumi_kubernetes.yaml.v2 import ConfigGroup

FOLDER = Path(__file__).parent
"""One file for each kind, named as the definition is."""


class Definitions(pulumi.ComponentResource):
    """Every CustomResourceDefinition of FOLDER."""

    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__("cairn:index:Definitions", name, {}, opts)
        ConfigGroup(name, objs=documents(), opts=ResourceOptions(parent=self))
        self.register_outputs({})


def documents() -> list[dict[str, Any]]:
    """The definitions themselves."""
    return [yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("*.yaml"))]
