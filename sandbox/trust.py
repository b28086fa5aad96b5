"""The installation's certificate authority: made once, its key readable by root alone."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox import files
from sandbox.paths import Paths

LIFETIME = datetime.timedelta(days=3650)
"""Ten years: longer than any sandbox, so that a browser's trust has to be given once."""


def ensure_authority(paths: Paths) -> tuple[Path, Path]:
    """The certificate and the key, made unless both are there."""
    certificate, key = paths.ca_certificate, paths.authority / "ca.key"
    if certificate.exists() and key.exists():
        return certificate, key
    paths.authority.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Cairn sandbox CA"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Cairn"),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )  # fmt: skip
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The certificate last: an authority that has one is complete.
    certificate.unlink(missing_ok=True)
    files.write(key, pem.decode(), mode=0o600)
    files.write(certificate, signed.public_bytes(serialization.Encoding.PEM).decode())
    return certificate, key
