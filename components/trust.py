"""The installation's certificate authority, and the certificate for its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.certificates import Keypair, due, issue, make_authority


class AuthorityProvider(ResourceProvider):
    """Makes an authority once and keeps it: everything that trusts it would have to be told of another."""

    # Without this the engine would treat the pickled provider, which holds nothing, as a secret of the stack.
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        pair = make_authority(f"Cairn {props['domain']}")
        return CreateResult(props["domain"], {**props, "certificate": pair.certificate, "key": pair.key})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = _olds["domain"] != _news["domain"]
        return DiffResult(changes=changed, replaces=["domain"] if changed else [])


class WildcardProvider(ResourceProvider):
    """Issues a certificate for `*.domain`, and again when it is about to expire."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["domain"], self._issued(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._issued(_news))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        compared = ("domain", "authorityCertificate", "authorityKey")
        changed = any(_olds.get(key) != _news.get(key) for key in compared)
        return DiffResult(changes=changed or due(_olds["certificate"]))

    @staticmethod
    def _issued(props: dict[str, Any]) -> dict[str, Any]:
        pair = issue(Keypair(props["authorityCertificate"], props["authorityKey"]), props["domain"])
        return {**props, "certificate": pair.certificate, "key": pair.key}


class _Issued(Resource, module="cairn", name="Certificate"):
    certificate: Output[str]
    key: Output[str]

    def __init__(self, provider: ResourceProvider, name: str, props: dict[str, Any], opts: ResourceOptions) -> None:
        secret = ResourceOptions(additional_secret_outputs=["key", "authorityKey"])
        outputs = {"certificate": None, "key": None}
        super().__init__(provider, name, {**props, **outputs}, ResourceOptions.merge(opts, secret))


@dataclass(frozen=True, kw_only=True)
class CertificateAuthorityArgs:
    """What a caller decides."""

    domain: str
    """Parent of the names that are served."""
    given: Keypair | None = None
    """The company's own authority; one is made when None."""


class CertificateAuthority(pulumi.ComponentResource):
    """An authority for this installation, and a certificate for `domain` and every name right under it."""

    authority: Output[str]
    """PEM of the authority's certificate: what a client has to trust."""
    certificate: Output[str]
    """PEM of the wildcard certificate, followed by the authority's."""
    key: Output[str]
    """PEM of its private key, a secret."""

    def __init__(self, name: str, args: CertificateAuthorityArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("cairn:index:CertificateAuthority", name, {"domain": args.domain}, opts)
        child = ResourceOptions(parent=self)
        if args.given:
            self.authority = Output.from_input(args.given.certificate)
            authority_key = Output.secret(args.given.key)
        else:
            made = _Issued(AuthorityProvider(), f"{name}-authority", {"domain": args.domain}, child)
            self.authority, authority_key = made.certificate, made.key
        wildcard = _Issued(
            WildcardProvider(),
            f"{name}-wildcard",
            {"domain": args.domain, "authorityCertificate": self.authority, "authorityKey": authority_key},
            child,
        )
        self.certificate = Output.concat(wildcard.certificate, self.authority)
        self.key = wildcard.key
        self.register_outputs({"authority": self.authority})
