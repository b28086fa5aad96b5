"""The component that the platform sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi.dynamic import Resource, ResourceProvider

from components.handover import content
from components.handover.places import ExternalGit, InternalGit
from components.handover.provider import ExternalProvider, InternalProvider

SECRETS = ["password", "webhookSecret", "token", "readPassword"]
OUTPUTS = ("revision", "readUsername", "readPassword")


@dataclass(frozen=True, kw_only=True)
class HandOverArgs:
    """What a caller decides."""

    repository_root: Path
    """The clone whose folders are handed over."""
    git: InternalGit | ExternalGit
    """Where to."""
    branch: str = "main"
    """The branch that is reconciled."""


class _Delivery(Resource, module="cairn", name="Delivery"):
    digest: Output[str]
    revision: Output[str]
    readUsername: Output[str]  # noqa: N815 - a property's name is its name in the stack
    readPassword: Output[str]  # noqa: N815

    def __init__(self, provider: ResourceProvider, name: str, props: dict[str, Any], opts: ResourceOptions) -> None:
        hidden = ResourceOptions(additional_secret_outputs=SECRETS)
        outputs = dict.fromkeys(OUTPUTS)
        super().__init__(provider, name, {**props, **outputs}, ResourceOptions.merge(opts, hidden))


class HandOver(pulumi.ComponentResource):
    """The platform's content in Git, and a right to read it."""

    repo_url: Output[str]
    """What the GitOps engine reads; known once the content is there."""
    read_username: Output[str]
    read_password: Output[str]
    """A token; a secret."""
    revision: Output[str]
    """The commit that the branch was at after the hand-over."""
    digest: Output[str]
    """Id of the content's tree; a preview shows no change while it stays."""

    def __init__(self, name: str, args: HandOverArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("cairn:index:HandOver", name, {"branch": args.branch}, opts)
        provider, url, props = _resource(args.git)
        delivery = _Delivery(
            provider,
            f"{name}-delivery",
            {
                "root": str(args.repository_root),
                "branch": args.branch,
                "digest": content.digest(args.repository_root),
                **props,
            },
            ResourceOptions(parent=self),
        )
        self.digest = delivery.digest
        self.revision = delivery.revision
        self.read_username = delivery.readUsername
        self.read_password = delivery.readPassword
        self.repo_url = delivery.id.apply(lambda _: url)
        self.register_outputs({"repoUrl": self.repo_url, "revision": self.revision})


def _resource(git: InternalGit | ExternalGit) -> tuple[ResourceProvider, str, dict[str, Any]]:
    """The provider, the address that the GitOps engine reads, and the properties of its own."""
    if isinstance(git, ExternalGit):
        external = {"url": git.url, "username": git.username, "token": Output.secret(git.token)}
        return ExternalProvider(), git.url, external
    url = f"{git.url}/{git.organisation}/{git.repository}.git"
    internal = {
        "url": git.url,
        "organisation": git.organisation,
        "repository": git.repository,
        "administrator": git.administrator,
        "password": Output.secret(git.password),
        "webhookUrls": list(git.webhook_urls),
        "webhookSecret": Output.secret(git.webhook_secret),
        "context": git.kubernetes_context,
        "namespace": git.namespace,
        "service": git.service,
        "port": git.port,
    }
    return InternalProvider(), url, internal
