"""Certificates that clients take: chain, names, purposes, times.

Matrix: authority (may sign, once) · wildcard (its names, and no other) · signed by it and not by another · RSA given ·
a key of another kind refused · due before the end.
"""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from components import certificates
from components.certificates import LEAF_LIFE, RENEW_BEFORE, Keypair, due, issue, make_authority

AUTHORITY = make_authority("Cairn idp.example.org")
WILDCARD = issue(AUTHORITY, "idp.example.org")


def handshake(folder: Path, trusted: Keypair, served: Keypair, name: str) -> None:
    """A TLS server and a client that checks it strictly; raises what the client raises."""
    (folder / "pair.pem").write_text(served.certificate + served.key)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(folder / "pair.pem")
    client_context = ssl.create_default_context(cadata=trusted.certificate)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    server_end, client_end = socket.socketpair()

    def serve() -> None:
        with server_end:
            try:
                server_context.wrap_socket(server_end, server_side=True).close()
            except (ssl.SSLError, OSError):
                return  # What went wrong is the client's to tell.

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client_end:
            client_context.wrap_socket(client_end, server_hostname=name).close()
    finally:
        thread.join(10)


@pytest.mark.parametrize("name", ["idp.example.org", "git.idp.example.org"])
def test_a_strict_client_takes_it(tmp_path: Path, name: str) -> None:
    handshake(tmp_path, AUTHORITY, WILDCARD, name)


@pytest.mark.parametrize("name", ["example.org", "a.git.idp.example.org", "idp.example.com"])
def test_not_for_other_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(tmp_path, AUTHORITY, WILDCARD, name)


def test_not_by_another_authority(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, make_authority("Cairn idp.example.org"), WILDCARD, "git.idp.example.org")


def test_a_server_s_certificate_signs_no_other(tmp_path: Path) -> None:
    below = issue(WILDCARD, "other.example.org")
    chained = Keypair(below.certificate + WILDCARD.certificate, below.key)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, AUTHORITY, chained, "other.example.org")


def test_an_rsa_authority_of_a_company_serves_too(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    made = certificates._builder(
        certificates._named("Company"),
        certificates._named("Company"),
        key,  # type: ignore[arg-type]
        timedelta(days=9),
    )
    certificate = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    signed = certificate.add_extension(usage, critical=True).sign(key, certificates.hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    company = Keypair(signed.public_bytes(Encoding.PEM).decode(), private)
    handshake(tmp_path, company, issue(company, "idp.example.org"), "git.idp.example.org")


def test_a_key_that_cannot_sign_for_servers_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="expected RSA or an elliptic curve"):
        issue(Keypair(AUTHORITY.certificate, key.decode()), "idp.example.org")


def test_a_long_domain_is_named_in_the_extension() -> None:
    domain = ".".join(["a" * 40, "b" * 40, "example.org"])
    loaded = x509.load_pem_x509_certificate(issue(AUTHORITY, domain).certificate.encode())
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [domain, f"*.{domain}"], "whatever fits in the subject"


def test_due_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not due(WILDCARD.certificate), "a new one is not due"

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + LEAF_LIFE - RENEW_BEFORE + timedelta(hours=1)

    monkeypatch.setattr(certificates, "datetime", Later)
    assert due(WILDCARD.certificate), "it is issued anew while the old one still serves"


def test_a_key_is_not_shown() -> None:
    assert "PRIVATE" not in repr(WILDCARD), "a pair can be printed"
