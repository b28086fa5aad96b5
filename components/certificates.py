"""X.509: an authority for one installation and the wildcard certificate that it signs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=397)
"""The longest that browsers take for a server's certificate is 398 days."""
RENEW_BEFORE = timedelta(days=30)
SIGNERS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)
CLOCK_SKEW = timedelta(minutes=5)
"""Certificates are valid from a little before now, for machines whose clock is behind."""


@dataclass(frozen=True)
class Keypair:
    """A certificate and its private key, both PEM."""

    certificate: str
    key: str = field(repr=False)


def make_authority(name: str) -> Keypair:
    """A self-signed authority called `name`, which signs servers' certificates and no other authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        _builder(subject, subject, key, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _pem(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Keypair, domain: str) -> Keypair:
    """A server's certificate for `domain` and every name right under it."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signer = serialization.load_pem_private_key(authority.key.encode(), password=None)
    public = issuer.public_key()
    if not isinstance(signer, SIGNERS) or not isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise ValueError("the authority's key: expected RSA or an elliptic curve, got another kind")
    key = ec.generate_private_key(ec.SECP256R1())
    # Some clients give up on a subject of over 64 characters; the names are in the extension.
    names = [x509.DNSName(domain), x509.DNSName(f"*.{domain}")]
    builder = (
        _builder(_named(f"*.{domain}"[:64]), issuer.subject, key, LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    return _pem(builder.sign(signer, hashes.SHA256()), key)


def due(certificate: str) -> bool:
    """Whether a certificate is to be issued anew."""
    end = x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
    return end - RENEW_BEFORE < datetime.now(UTC)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Keypair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Keypair(certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode())
