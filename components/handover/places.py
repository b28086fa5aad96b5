"""The two places that the platform's repository can be at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pulumi import Input


@dataclass(frozen=True, kw_only=True)
class InternalGit:
    """A repository of the Git server in the cluster; it is made when it is not there."""

    organisation: str
    """Owner of the repository, made when it is not there."""
    repository: str
    url: str
    """Address of the Git server for the cluster's pods."""
    password: Input[str] = field(repr=False)
    """Of the administrator; a secret."""
    webhook_urls: Sequence[str]
    """What is told of every push."""
    webhook_secret: Input[str] = field(repr=False)
    """Signs what it is told; a secret."""
    kubernetes_context: str = ""
    """Context of the kubeconfig to reach the server by; the current one when empty."""
    namespace: str = "gitea"
    service: str = "gitea"
    port: int = 3000
    """Of the server's pod."""
    administrator: str = "gitea-admin"


@dataclass(frozen=True, kw_only=True)
class ExternalGit:
    """A repository that exists. Nothing but commits is ever added to it, and nothing removed.

    Its webhooks are its owner's; without one the GitOps engine learns of a push at its next look.
    """

    url: str
    """https:// address, without a user in it."""
    username: str
    token: Input[str] = field(repr=False)
    """May read and push; the GitOps engine reads with it too. A secret."""
