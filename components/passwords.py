"""Passwords that nobody chooses: made once, kept as secrets of the stack."""

from __future__ import annotations

import secrets
from typing import Any

from pulumi import Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

BYTES = 32
"""Randomness in each: 256 bits, which token_urlsafe writes as 43 characters."""


class PasswordProvider(ResourceProvider):
    """Makes the value when the resource is created and never again."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(secrets.token_hex(8), {**props, "value": secrets.token_urlsafe(BYTES)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=False)


class GeneratedPassword(Resource, module="cairn", name="Password"):
    """A random value; replace the resource (`pulumi up --replace URN`) to have another."""

    value: Output[str]
    """43 characters that are safe in URLs, shells and headers; a secret."""

    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        secret = ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(PasswordProvider(), name, {"value": None}, ResourceOptions.merge(opts, secret))
