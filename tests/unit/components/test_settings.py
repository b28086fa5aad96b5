"""Settings: every key has a default; each wrong value is refused with its key, the expected and the given.

Matrix: unknown key · plain key with a dot · wrong type · out of range · malformed name · contradiction between keys ·
authority given by half, unreadable, not an authority, not its key · all faults at once · secrets not shown.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.certificates import Keypair, issue, make_authority
from components.settings import KEYS, Settings, SettingsError
from components.settings_faults import dotted

AUTHORITY = make_authority("unit test")
OTHER = make_authority("another")
LEAF = issue(AUTHORITY, "idp.example.org")


def ca(certificate: Keypair, key: Keypair) -> dict[str, Any]:
    return {"ingress": {"caCertificate": certificate.certificate, "caKey": key.key}}


WRONG = [
    # (reason, raw settings, key named, expected named, given named)
    ("a top-level name nobody reads", {"domian": "a.b"}, "domian", "did you mean cairn:domain", "'domian'"),
    ("a nested name nobody reads", {"git": {"brnch": "x"}}, "git.brnch", "cairn:git.branch?", "git.brnch"),
    ("set without --path", {"git.mode": "external"}, "git.mode", "--path", "plain key 'git.mode'"),
    ("not an object", {"git": "internal"}, "git.mode", "an object with the keys mode", "'internal'"),
    ("a domain without a dot", {"domain": "localhost"}, "domain", "a DNS name", "'localhost'"),
    ("a domain in capitals", {"domain": "IDP.example.org"}, "domain", "lower case", "'IDP.example.org'"),
    ("a URL for a domain", {"domain": "https://a.b"}, "domain", "a DNS name", "'https://a.b'"),
    ("no such tier", {"tier": "gold"}, "tier", "'single' or 'ha'", "'gold'"),
    ("no such mode", {"git": {"mode": "github"}}, "git.mode", "'internal' or 'external'", "'github'"),
    ("a word for a boolean", {"ingress": {"hostPorts": "yes"}}, "ingress.hostPorts", "boolean", "'yes'"),
    ("a word for a number", {"argocd": {"reconciliation": "60"}}, "argocd.reconciliation", "integer", "'60'"),
    ("too often", {"argocd": {"reconciliation": 1}}, "argocd.reconciliation", "from 10 to 3600", "got 1"),
    ("too seldom", {"argocd": {"reconciliation": 86400}}, "argocd.reconciliation", "10 to 3600", "86400"),
    ("a size without a unit", {"git": {"storageSize": "5"}}, "git.storageSize", "5Gi", "'5'"),
    ("a size of nothing", {"git": {"storageSize": "0Gi"}}, "git.storageSize", "5Gi", "'0Gi'"),
    ("a host with a dot", {"git": {"host": "git.a"}}, "git.host", "a DNS label", "'git.a'"),
    ("a host twice", {"git": {"host": "argocd"}}, "git.host", "other than argocd.host", "'argocd'"),
    ("a repository with a slash", {"git": {"repository": "a/b"}}, "git.repository", "letters", "'a/b'"),
    ("a branch with two dots", {"git": {"branch": "a..b"}}, "git.branch", "a Git branch", "'a..b'"),
    ("no such service type", {"ingress": {"serviceType": "X"}}, "ingress.serviceType", "'NodePort'", "'X'"),
    ("external without address", {"git": {"mode": "external"}}, "git.url", "git.mode is external", "nothing"),
    ("external without token", {"git": {"mode": "external"}}, "git.token", "a token", "nothing"),
    ("an address over http", {"git": {"url": "http://a.b/c"}}, "git.url", "https://", "'http://a.b/c'"),
    ("a user in the address", {"git": {"url": "https://me@a.b/c"}}, "git.url", "without a user", "me@a.b"),
    ("an address for nothing", {"git": {"url": "https://a.b/c"}}, "git.url", "mode is internal", "a.b/c"),
    ("one port, two pods", {"tier": "ha", "ingress": {"hostPorts": True}}, "ingress.hostPorts", "ha", "true"),
    (
        "ports of no ingress",
        {"ingress": {"enabled": False, "hostPorts": True}},
        "ingress.hostPorts",
        "ingress.enabled is false",
        "true",
    ),
    (
        "an authority without key",
        {"ingress": {"caCertificate": AUTHORITY.certificate}},
        "ingress.caKey",
        "both",
        "nothing",
    ),
    ("a key alone", {"ingress": {"caKey": AUTHORITY.key}}, "ingress.caCertificate", "both", "nothing"),
    (
        "not a certificate",
        {"ingress": {"caCertificate": "abc", "caKey": "d"}},
        "ingress.caCertificate",
        "the PEM",
        "abc",
    ),
    ("a leaf for an authority", ca(LEAF, LEAF), "ingress.caCertificate", "may sign", "may not"),
    ("the key of another", ca(AUTHORITY, OTHER), "ingress.caKey", "the key of", "another key"),
]


@pytest.mark.parametrize(("reason", "raw", "key", "expected", "given"), WRONG, ids=[row[0] for row in WRONG])
def test_wrong_setting_is_refused(reason: str, raw: dict[str, Any], key: str, expected: str, given: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_mapping(raw)
    message = str(refused.value)
    assert f"cairn:{key}: expected " in message, f"{reason}: the key is named"
    assert expected in message, f"{reason}: what was expected is named"
    assert given in message, f"{reason}: what was given is named"
    assert "pulumi config " in message, f"{reason}: the command that puts it right is named"


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_mapping({"tier": "gold", "domain": "x", "git": {"mode": "y"}})
    keys = [line.split(": ")[0] for line in str(refused.value).splitlines() if line.startswith("cairn:")]
    assert sorted(keys) == ["cairn:domain", "cairn:git.mode", "cairn:tier"], "one run of pulumi tells every fault"


def test_secret_values_are_not_shown() -> None:
    raw = {"git": {"token": 12345}, "ingress": {"caKey": 67890}}
    with pytest.raises(SettingsError) as refused:
        Settings.from_mapping(raw)
    assert "12345" not in str(refused.value), "a token never reaches a terminal or a log"
    assert "67890" not in str(refused.value), "a key never reaches a terminal or a log"
    shown = repr(Settings.from_mapping(ca(AUTHORITY, AUTHORITY)))
    assert "PRIVATE KEY" not in shown, "settings can be printed without the key"


RIGHT: list[dict[str, Any]] = [
    {},
    {"domain": "idp.example.org", "tier": "ha"},
    {"git": {"mode": "external", "url": "https://git.example.org/a/b.git", "token": "t"}},
    {"git": {"branch": "release/1.2", "storageClass": "fast"}},
    {"ingress": {"hostPorts": True, "serviceType": "ClusterIP"}},
    {"ingress": {"enabled": False, "className": "nginx"}},
    ca(AUTHORITY, AUTHORITY),
]


@pytest.mark.parametrize("raw", RIGHT, ids=[json.dumps(raw)[:60] for raw in RIGHT])
def test_right_settings_are_taken(raw: dict[str, Any]) -> None:
    assert Settings.from_mapping(raw).address("git").startswith("git."), "a service's name is under the domain"


def test_pulumi_yaml_declares_every_setting_with_its_default() -> None:
    declared = yaml.safe_load(Path("Pulumi.yaml").read_text())["config"]
    assert list(declared) == dotted(KEYS), "Pulumi.yaml and Settings hold the same keys in the same order"
    defaults: dict[str, Any] = {}
    for key, declaration in declared.items():
        assert declaration["description"], f"{key} is described"
        *group, last = key.split(".")
        (defaults.setdefault(group[0], {}) if group else defaults)[last] = declaration["default"]
    assert Settings.from_mapping(defaults) == Settings(), "a stack without values means the same to both"


def test_load_reads_objects_as_json() -> None:
    pulumi.runtime.set_all_config(
        {
            "cairn:domain": "a.example.org",
            "cairn:ingress": '{"hostPorts": true}',
            "aws:region": "eu-1",
        }
    )
    settings = Settings.load()
    assert settings.domain == "a.example.org", "a plain value is read"
    assert settings.ingress.host_ports, "an object's value is read"
    pulumi.runtime.set_all_config({})
