"""The only reader of the stack's configuration: validated as a whole before any resource exists."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

import pulumi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import AfterValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

PROJECT = "cairn"
SECRET_KEYS = frozenset({"git.token", "ingress.caKey"})
"""Keys whose values an error message never shows."""

Tier = Literal["single", "ha"]
LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
MODEL = ConfigDict(extra="forbid", strict=True)


class SettingsError(ValueError):
    """One or more settings are wrong; the message has a paragraph for each."""


def _matches(pattern: str, expected: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(expected)
        return value

    return AfterValidator(check)


DnsName = Annotated[
    str, _matches(rf"(?=.{{1,200}}$){LABEL}(\.{LABEL})+", "a DNS name in lower case with a dot, such as idp.example.org")
]
DnsLabel = Annotated[str, _matches(LABEL, "a DNS label: lower-case letters, digits and inner hyphens, 63 at most")]
Slug = Annotated[str, _matches(r"[A-Za-z0-9][A-Za-z0-9._-]{0,38}", "letters, digits, '.', '_' and '-', 39 at most")]
Branch = Annotated[
    str, _matches(r"(?!.*(\.\.|//|@\{))[A-Za-z0-9][A-Za-z0-9._/-]*(?<![./])", "the name of a Git branch, such as main")
]
Quantity = Annotated[str, _matches(r"[1-9][0-9]*(Mi|Gi|Ti)", "a Kubernetes quantity such as 5Gi")]
Url = Annotated[str, _matches(r"|https://[^\s/@]+/\S+", "the https:// address of a repository, without a user in it")]


def _seconds(value: int) -> int:
    if not 10 <= value <= 3600:
        raise ValueError("whole seconds from 10 to 3600")
    return value


@dataclass(frozen=True, kw_only=True, config=MODEL)
class KubernetesSettings:
    """The cluster that everything is installed on."""

    context: str = ""
    """A context of the kubeconfig; its current one when empty."""


@dataclass(frozen=True, kw_only=True, config=MODEL)
class GitSettings:
    """Where the platform's configuration is kept."""

    mode: Literal["internal", "external"] = "internal"
    """A Git server in the cluster, or one that is there already."""
    url: Url = ""
    """external: the repository's address; it must exist."""
    username: str = "git"
    """external: who the token belongs to (GitHub takes any name, GitLab wants `oauth2`)."""
    token: str = field(default="", repr=False)
    """external: may read and push the repository."""
    host: DnsLabel = "git"
    """internal: first label of the server's name under the domain."""
    organisation: Slug = "cairn"
    """internal: owner of the repository."""
    repository: Slug = "platform"
    """internal: name of the repository."""
    branch: Branch = "main"
    """The branch that is reconciled."""
    storageSize: Quantity = "5Gi"
    """internal: size of the volume."""
    storageClass: str = ""
    """internal: the cluster's default class when empty."""


@dataclass(frozen=True, kw_only=True, config=MODEL)
class IngressSettings:
    """How the platform's names are served."""

    enabled: bool = True
    """Install Traefik; false uses the controller that the cluster has."""
    className: DnsLabel = "traefik"
    """IngressClass of the platform's Ingress objects."""
    serviceType: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """How Traefik is reached from outside the cluster."""
    hostPorts: bool = False
    """Bind ports 80 and 443 of the node: for a cluster of one node without load balancers."""
    caCertificate: str = ""
    """PEM of the authority that signs the platform's names; one is made when empty."""
    caKey: str = field(default="", repr=False)
    """PEM of its private key."""


@dataclass(frozen=True, kw_only=True, config=MODEL)
class ArgoCdSettings:
    """The GitOps engine."""

    host: DnsLabel = "argocd"
    """First label of its name under the domain."""
    reconciliation: Annotated[int, AfterValidator(_seconds)] = 60
    """Seconds between looks at Git; a webhook makes most changes known at once."""


@dataclass(frozen=True, kw_only=True, config=MODEL)
class Settings:
    """All of it. Attribute names are the keys of Pulumi.yaml."""

    domain: DnsName = "cairn.localhost"
    """Parent of the platform's names."""
    tier: Tier = "single"
    """`ha` runs the stateless parts twice and keeps one of each through a node's drain."""
    kubernetes: KubernetesSettings = KubernetesSettings()
    git: GitSettings = GitSettings()
    ingress: IngressSettings = IngressSettings()
    argocd: ArgoCdSettings = ArgoCdSettings()

    @classmethod
    def load(cls) -> Settings:
        """The settings of the current stack; raises SettingsError."""
        # pulumi.Config answers for one known key; to find the unknown ones the whole map is needed.
        prefix = f"{PROJECT}:"
        raw: dict[str, Any] = {
            key.removeprefix(prefix): value
            for key, value in {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}.items()
            if key.startswith(prefix)
        }
        return cls.from_mapping({key: _decoded(value) if key in GROUPS else value for key, value in raw.items()})

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Settings:
        """Validate raw values by key (`git` and its like are mappings); raises SettingsError with all that is wrong."""
        try:
            settings = TypeAdapter(cls).validate_python(dict(raw))
        except ValidationError as error:
            raise SettingsError("\n\n".join(_explained(detail) for detail in error.errors())) from None
        if wrong := list(_contradictions(settings)):
            raise SettingsError("\n\n".join(wrong))
        return settings

    def address(self, host: str) -> str:
        """The full name of a service: its label under the domain."""
        return f"{host}.{self.domain}"


GROUPS = {"kubernetes": KubernetesSettings, "git": GitSettings, "ingress": IngressSettings, "argocd": ArgoCdSettings}


def known_keys() -> list[str]:
    """Every key that there is, dotted, in the order of the fields."""
    fields = [*Settings.__dataclass_fields__]
    return [
        dotted
        for key in fields
        for dotted in ([f"{key}.{child}" for child in GROUPS[key].__dataclass_fields__] if key in GROUPS else [key])
    ]


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _message(key: str, expected: str, given: str) -> str:
    secret = " --secret" if key in SECRET_KEYS else ""
    return (
        f"{PROJECT}:{key}: expected {expected}, got {given}\n"
        f"  set it with: pulumi config set{secret} --path {PROJECT}:{key} <value>"
    )


def _explained(detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return _unknown(key)
    given = "a value that is not shown" if key in SECRET_KEYS else repr(detail["input"])
    if detail["type"] == "value_error":
        return _message(key, str(detail["ctx"]["error"]), given)
    if key in GROUPS:
        return _message(f"{key}.<name>", f"an object with the keys {', '.join(GROUPS[key].__dataclass_fields__)}", given)
    return _message(key, detail["msg"].removeprefix("Input should be ").removeprefix("a valid "), given)


def _unknown(key: str) -> str:
    if key in known_keys():
        # `pulumi config set` without --path makes a key of its own that shadows nothing and configures nothing.
        return _message(key, "a part of an object, set with --path", f"the plain key {key!r}")
    close = difflib.get_close_matches(key, known_keys(), n=1, cutoff=0.5)
    meant = f"did you mean {PROJECT}:{close[0]}?" if close else f"known: {', '.join(known_keys())}"
    return f"{PROJECT}:{key}: there is no such setting; {meant}\n  remove it with: pulumi config rm --path {PROJECT}:{key}"


def _contradictions(settings: Settings) -> list[str]:
    """What is wrong between settings each of which is right by itself."""
    git, ingress = settings.git, settings.ingress
    wrong = []
    if git.mode == "external" and not git.url:
        wrong.append(_message("git.url", "a repository's address, since git.mode is external", "''"))
    if git.mode == "external" and not git.token:
        wrong.append(_message("git.token", "a token, since git.mode is external", "nothing"))
    if git.mode == "internal" and git.url:
        wrong.append(_message("git.url", "nothing, since git.mode is internal", repr(git.url)))
    if git.mode == "internal" and git.host == settings.argocd.host:
        wrong.append(_message("git.host", "a label other than argocd.host", repr(git.host)))
    if ingress.hostPorts and settings.tier == "ha":
        wrong.append(_message("ingress.hostPorts", "false, since tier is ha and a node's port binds once", "true"))
    if ingress.hostPorts and not ingress.enabled:
        wrong.append(_message("ingress.hostPorts", "false, since ingress.enabled is false", "true"))
    if bool(ingress.caCertificate) != bool(ingress.caKey):
        missing = "ingress.caKey" if ingress.caCertificate else "ingress.caCertificate"
        wrong.append(_message(missing, "both the authority's certificate and its key, or neither", "nothing"))
    elif ingress.caCertificate and (fault := _authority_fault(ingress.caCertificate, ingress.caKey)):
        wrong.append(fault)
    return wrong


def _authority_fault(certificate: str, key: str) -> str | None:
    try:
        authority = x509.load_pem_x509_certificate(certificate.encode())
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound):
        return _message("ingress.caCertificate", "the PEM of a certificate authority", f"{certificate[:40]!r}")
    if not constraints.ca:
        return _message("ingress.caCertificate", "a certificate that may sign others (CA:TRUE)", "one that may not")
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        return _message("ingress.caKey", "an unencrypted private key in PEM", "a value that is not shown")
    public = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*public) != authority.public_key().public_bytes(*public):
        return _message("ingress.caKey", "the key of ingress.caCertificate", "another key")
    return None
