"""The only reader of the stack's configuration: validated as a whole before any resource exists."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass
from typing import Annotated, Any, Literal

import pulumi
from pydantic import AfterValidator, ConfigDict, StrictBool, StrictInt, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from components.settings_faults import PROJECT, Keys, contradictions, explained

Tier = Literal["single", "ha"]
LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
MODEL = ConfigDict(extra="forbid", alias_generator=to_camel)
"""Keys are spelled as Kubernetes spells its own, attributes as Python does; an unknown key is an error."""


class SettingsError(pulumi.RunError, ValueError):
    """One or more settings are wrong; the message has a paragraph for each."""


def _matches(pattern: str, expected: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(expected)
        return value

    return AfterValidator(check)


DnsName = Annotated[
    str,
    _matches(rf"(?=.{{1,200}}$){LABEL}(\.{LABEL})+", "a DNS name in lower case with a dot, like idp.example.org"),
]
DnsLabel = Annotated[str, _matches(LABEL, "a DNS label: lower-case letters, digits and inner hyphens, 63 at most")]
Slug = Annotated[str, _matches(r"[A-Za-z0-9][A-Za-z0-9._-]{0,38}", "letters, digits, '.', '_' and '-', 39 at most")]
Branch = Annotated[
    str,
    _matches(r"(?!.*(\.\.|//|@\{))[A-Za-z0-9][A-Za-z0-9._/-]*(?<![./])", "the name of a Git branch, like main"),
]
Quantity = Annotated[str, _matches(r"[1-9][0-9]*(Mi|Gi|Ti)", "a Kubernetes quantity, like 5Gi")]
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
    storage_size: Quantity = "5Gi"
    """internal: size of the volume."""
    storage_class: str = ""
    """internal: the cluster's default class when empty."""


@dataclass(frozen=True, kw_only=True, config=MODEL)
class IngressSettings:
    """How the platform's names are served."""

    enabled: StrictBool = True
    """Install Traefik; false uses the controller that the cluster has."""
    class_name: DnsLabel = "traefik"
    """IngressClass of the platform's Ingress objects."""
    service_type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """How Traefik is reached from outside the cluster."""
    host_ports: StrictBool = False
    """Bind ports 80 and 443 of the node: for a cluster of one node without load balancers."""
    ca_certificate: str = ""
    """PEM of the authority that signs the platform's names; one is made when empty."""
    ca_key: str = field(default="", repr=False)
    """PEM of its private key."""


@dataclass(frozen=True, kw_only=True, config=MODEL)
class ArgoCdSettings:
    """The GitOps engine."""

    host: DnsLabel = "argocd"
    """First label of its name under the domain."""
    reconciliation: Annotated[StrictInt, AfterValidator(_seconds)] = 60
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
        runtime = pulumi.runtime.config
        raw = {**runtime.get_config_env(), **runtime.CONFIG.get()}
        own = {key.removeprefix(f"{PROJECT}:"): raw[key] for key in raw if key.startswith(f"{PROJECT}:")}
        return cls.from_mapping({key: _decoded(own[key]) if KEYS.get(key) else own[key] for key in own})

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Settings:
        """Validate raw values by key (`git` and its like are mappings).

        Raises SettingsError, with everything that is wrong at once.
        """
        try:
            settings = TypeAdapter(cls).validate_python(dict(raw))
        except ValidationError as error:
            raise SettingsError("\n\n".join(explained(fault, KEYS) for fault in error.errors())) from None
        if wrong := list(contradictions(settings)):
            raise SettingsError("\n\n".join(wrong))
        return settings

    def address(self, host: str) -> str:
        """The full name of a service: its label under the domain."""
        return f"{host}.{self.domain}"


def _decoded(value: Any) -> Any:
    """Pulumi hands an object over as JSON; what is not is refused later, with its key."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _keys() -> Keys:
    defaults = Settings()
    groups = {setting.name: getattr(defaults, setting.name) for setting in fields(Settings)}
    return {
        name: [to_camel(inner.name) for inner in fields(group)] if is_dataclass(group) else []
        for name, group in groups.items()
    }


KEYS = _keys()
"""Every key that there is."""
