"""The certificate authority: made once, its key for root alone, and never half of it."""

from __future__ import annotations

import os
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sandbox import trust
from sandbox.paths import Paths


def test_makes_an_authority_that_may_sign(paths: Paths) -> None:
    certificate, key = trust.ensure_authority(paths)
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert loaded.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is True
    assert loaded.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign is True
    assert loaded.public_key() == private.public_key(), "the two belong together"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_is_made_once(paths: Paths) -> None:
    first = [path.read_bytes() for path in trust.ensure_authority(paths)]
    assert [path.read_bytes() for path in trust.ensure_authority(paths)] == first, "a browser's trust is given once"


def test_interrupted_it_is_made_whole_by_the_next_run(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = iter([None])

    def killed_at_the_second(_: int) -> None:
        if next(syncs, "end") == "end":
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        trust.ensure_authority(paths)
    assert (paths.authority / "ca.key").exists() and not paths.ca_certificate.exists()
    monkeypatch.undo()
    certificate, key = trust.ensure_authority(paths)
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert loaded.public_key() == serialization.load_pem_private_key(key.read_bytes(), None).public_key()
