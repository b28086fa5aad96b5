"""What the provider is configured with: the stack's settings, a Provider's arguments, or the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.kubernetes.values import Tree, plain

ENVIRONMENT = {
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Names and defaults are the official provider's."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    mutable_config_maps: bool = False
    """Whether a ConfigMap's data is changed in place; else it is replaced, as its readers may not read it again."""
    mutable_secrets: bool = False
    force: bool = False
    """Whether fields that another manager has set are taken over."""
    upsert: bool = False
    """Whether an object that exists already is taken over instead of refused."""
    delete_unreachable: bool = False

    @staticmethod
    def parse(arguments: Tree) -> Settings:
        """Settings of the arguments that the engine sends."""
        given = plain(arguments)

        def text(key: str) -> str | None:
            value = given.get(key)
            return value if isinstance(value, str) and value else None

        return Settings(
            kubeconfig=text("kubeconfig"),
            context=text("context"),
            namespace=text("namespace"),
            mutable_config_maps=_flag(given, "enableConfigMapMutable"),
            mutable_secrets=_flag(given, "enableSecretMutable"),
            force=_flag(given, "enablePatchForce"),
            upsert=_flag(given, "upsertExistingObjects"),
            delete_unreachable=_flag(given, "deleteUnreachable"),
        )


def _flag(given: Tree, key: str) -> bool:
    value: Any = given.get(key)
    if value is None:
        value = os.environ.get(ENVIRONMENT[key], "")
    return value is True or str(value).lower() in {"true", "1"}
