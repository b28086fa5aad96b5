"""How a wrong setting is told: its key, what was expected, what was given, and how to set it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic_core import ErrorDetails

if TYPE_CHECKING:
    from components.settings import Settings

PROJECT = "cairn"
SECRET_KEYS = frozenset({"git.token", "ingress.caKey"})
"""Keys whose values are never shown."""

Keys = Mapping[str, Sequence[str]]
"""Every top-level key, with the keys inside it when it is an object."""


def dotted(keys: Keys) -> list[str]:
    """Every setting as it is named on the command line."""
    return [name for key, inner in keys.items() for name in ([f"{key}.{child}" for child in inner] or [key])]


def message(key: str, expected: str, given: str) -> str:
    """One wrong setting."""
    secret = " --secret" if key in SECRET_KEYS else ""
    return (
        f"{PROJECT}:{key}: expected {expected}, got {given}\n"
        f"  set it with: pulumi config set{secret} --path {PROJECT}:{key} <value>"
    )


def explained(detail: ErrorDetails, keys: Keys) -> str:
    """What pydantic found, in words of the one who set it."""
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return _unknown(key, dotted(keys))
    given = "a value that is not shown" if key in SECRET_KEYS else repr(detail["input"])
    if detail["type"] == "value_error":
        return message(key, str(detail["ctx"]["error"]), given)
    if inner := keys.get(key):
        return message(f"{key}.{inner[0]}", f"{key} to be an object with the keys {', '.join(inner)}", given)
    return message(key, detail["msg"].removeprefix("Input should be ").removeprefix("a valid "), given)


def _unknown(key: str, known: Sequence[str]) -> str:
    if key in known:
        # `pulumi config set` without --path makes a key of its own beside the object, which would set nothing.
        return message(key, "a key inside an object, set with --path", f"the plain key {key!r}")
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    meant = f"did you mean {PROJECT}:{close[0]}?" if close else f"known: {', '.join(known)}"
    return (
        f"{PROJECT}:{key}: expected a setting that exists, got {key!r}; {meant}\n"
        f"  remove it with: pulumi config rm --path {PROJECT}:{key}"
    )


def contradictions(settings: Settings) -> Iterator[str]:
    """What is wrong between settings each of which is right by itself."""
    git, ingress = settings.git, settings.ingress
    if git.mode == "external" and not git.url:
        yield message("git.url", "a repository's address, since git.mode is external", "nothing")
    if git.mode == "external" and not git.token:
        yield message("git.token", "a token, since git.mode is external", "nothing")
    if git.mode == "internal" and git.url:
        yield message("git.url", "nothing, since git.mode is internal", repr(git.url))
    if git.mode == "internal" and git.host == settings.argocd.host:
        yield message("git.host", "a label other than argocd.host", repr(git.host))
    if ingress.host_ports and settings.tier == "ha":
        yield message("ingress.hostPorts", "false, since tier is ha and a node's port is bound once", "true")
    if ingress.host_ports and not ingress.enabled:
        yield message("ingress.hostPorts", "false, since ingress.enabled is false", "true")
    if bool(ingress.ca_certificate) != bool(ingress.ca_key):
        missing = "ingress.caKey" if ingress.ca_certificate else "ingress.caCertificate"
        yield message(missing, "both the authority's certificate and its key, or neither", "nothing")
    elif ingress.ca_certificate and (fault := _authority_fault(ingress.ca_certificate, ingress.ca_key)):
        yield fault


def _authority_fault(certificate: str, key: str) -> str | None:
    name = "ingress.caCertificate"
    try:
        authority = x509.load_pem_x509_certificate(certificate.encode())
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound):
        return message(name, "the PEM of a certificate authority", repr(certificate[:40]))
    if not constraints.ca:
        return message(name, "a certificate that may sign others (CA:TRUE)", "one that may not")
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        return message("ingress.caKey", "an unencrypted private key in PEM", "a value that is not shown")
    public = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*public) != authority.public_key().public_bytes(*public):
        return message("ingress.caKey", f"the key of {PROJECT}:{name}", "another key")
    return None
