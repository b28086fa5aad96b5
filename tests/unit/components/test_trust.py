"""Trust and passwords as resources.

Matrix: an authority made, or given · what is secret · what a change follows from · renewal · passwords made once.
"""

from __future__ import annotations

from typing import Any

import pytest

from components import trust
from components.certificates import make_authority
from components.passwords import GeneratedPassword, PasswordProvider
from components.trust import AuthorityProvider, CertificateAuthority, CertificateAuthorityArgs, WildcardProvider
from tests.unit.components.recording import plain, record, secret

GIVEN = make_authority("Company")


def outputs(made: CertificateAuthority, seen: dict[str, Any]) -> None:
    for key in ("authority", "certificate", "key"):
        getattr(made, key).apply(lambda value, key=key: seen.update({key: value}))


def test_made_when_none_is_given() -> None:
    seen: dict[str, Any] = {}
    args = CertificateAuthorityArgs(domain="idp.example.org")
    graph = record(lambda: outputs(CertificateAuthority("trust", args), seen))
    assert [each.name for each in graph.resources] == ["trust", "trust-authority", "trust-wildcard"]
    assert all(each.parent == graph.resources[0].urn for each in graph.resources[1:]), "both are its children"
    assert graph.named("trust-wildcard").depends_on >= {graph.named("trust-authority").urn}, "signed by the one made"
    assert graph.named("trust-authority").secret_outputs >= {"key"}, "the authority's key is a secret of the stack"
    assert graph.named("trust-wildcard").secret_outputs >= {"key", "authorityKey"}, "as is the certificate's"
    assert seen["certificate"] == "<trust-wildcard.certificate><trust-authority.certificate>", "served with its chain"


def test_given() -> None:
    seen: dict[str, Any] = {}
    args = CertificateAuthorityArgs(domain="idp.example.org", given=GIVEN)
    graph = record(lambda: outputs(CertificateAuthority("trust", args), seen))
    assert [each.name for each in graph.resources] == ["trust", "trust-wildcard"], "no second authority is made"
    wildcard = graph.named("trust-wildcard")
    assert secret(wildcard.inputs["authorityKey"]), "its key is a secret of the stack"
    assert plain(wildcard.inputs)["authorityKey"] == GIVEN.key, "and signs"
    assert seen["authority"] == GIVEN.certificate, "clients are told to trust it"


AUTHORITY = AuthorityProvider().create({"domain": "idp.example.org"}).outs or {}
SIGNED = {
    "domain": "idp.example.org",
    "authorityCertificate": AUTHORITY["certificate"],
    "authorityKey": AUTHORITY["key"],
}
WILDCARD = WildcardProvider().create(SIGNED).outs or {}


def test_an_authority_stays() -> None:
    assert AuthorityProvider().diff("id", AUTHORITY, {"domain": "idp.example.org"}).changes is False
    result = AuthorityProvider().diff("id", AUTHORITY, {"domain": "other.example.org"})
    assert result.replaces == ["domain"], "another domain is another installation"


def test_a_certificate_stays_until_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WildcardProvider().diff("id", WILDCARD, SIGNED).changes is False, "a preview at rest shows no change"
    monkeypatch.setattr(trust, "due", lambda certificate: certificate == WILDCARD["certificate"])
    assert WildcardProvider().diff("id", WILDCARD, SIGNED).changes is True, "one that runs out is issued anew"
    again = WildcardProvider().update("id", WILDCARD, SIGNED).outs or {}
    assert again["certificate"] != WILDCARD["certificate"], "by an update in place"


@pytest.mark.parametrize("key", ["domain", "authorityCertificate", "authorityKey"])
def test_a_certificate_follows_what_it_is_made_of(key: str) -> None:
    assert WildcardProvider().diff("id", WILDCARD, {**SIGNED, key: "other"}).changes is True


def test_passwords_are_made_once() -> None:
    made = PasswordProvider().create({})
    value = (made.outs or {})["value"]
    assert len(value) >= 43, "256 bits"
    assert value != (PasswordProvider().create({}).outs or {})["value"], "each another"
    assert value not in made.id, "the id, which is no secret, tells nothing of it"
    assert PasswordProvider().diff(made.id, made.outs or {}, {"value": None}).changes is False, "and never changed"


def test_a_password_is_a_secret() -> None:
    graph = record(lambda: GeneratedPassword("p"))
    assert graph.named("p").secret_outputs == {"value"}, "encrypted in the stack, hidden in previews"
