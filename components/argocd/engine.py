"""Argo CD from upstream's own manifest, without the parts that are not used, behind the platform's ingress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.yaml.v2 import ConfigGroup

from components.argocd import configuration, manifest
from components.argocd.manifest import NAMESPACE, STATELESS
from components.exposure import Exposure
from components.passwords import GeneratedPassword

LABELS = {"app.kubernetes.io/part-of": "argocd"}


@dataclass(frozen=True, kw_only=True)
class ArgoCdArgs:
    """What a caller decides."""

    documents: Sequence[dict[str, Any]]
    """The objects of upstream's install manifest."""
    host: str
    """DNS name that it is served on."""
    ingress_class: str
    """IngressClass that serves it."""
    reconciliation: int = 60
    """Seconds between looks at Git."""
    replicas: int = 1
    """Of the parts that keep no state."""


class ArgoCd(pulumi.ComponentResource):
    """The GitOps engine. Its administrator is `admin`, the password is made by Argo CD itself at its first start."""

    url: str
    """Where people find it."""
    webhook_secret: Output[str]
    """What a Git server signs its webhooks with; a secret."""
    webhook_url: str
    """Where a Git server in the cluster sends them. Its refresh of the Applications makes the ApplicationSets look at
    Git, too; their own webhook understands GitHub and GitLab only."""

    def __init__(self, name: str, args: ArgoCdArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("cairn:index:ArgoCd", name, {"host": args.host}, opts)
        child = ResourceOptions(parent=self)
        self.url = f"https://{args.host}"
        self.webhook_url = f"http://argocd-server.{NAMESPACE}.svc.cluster.local/api/webhook"
        self.webhook_secret = GeneratedPassword(f"{name}-webhook-secret", child).value
        namespace = Namespace(f"{name}-namespace", metadata={"name": NAMESPACE, "labels": LABELS}, opts=child)
        inside = ResourceOptions(parent=self, depends_on=[namespace])
        ConfigGroup(name, objs=objects(args, self.webhook_secret), opts=inside)
        if args.replicas > 1:
            for part in STATELESS:
                PodDisruptionBudget(
                    f"{name}-{part}-budget",
                    metadata={"name": part, "namespace": NAMESPACE, "labels": LABELS},
                    spec={"max_unavailable": 1, "selector": {"match_labels": {"app.kubernetes.io/name": part}}},
                    opts=inside,
                )
        Exposure(
            host=args.host,
            class_name=args.ingress_class,
            namespace=NAMESPACE,
            service="argocd-server",
            port="http",
            labels=LABELS,
        ).ingress(f"{name}-ingress", inside)
        self.register_outputs({"url": self.url})


def objects(args: ArgoCdArgs, webhook_secret: Output[str]) -> list[dict[str, Any]]:
    """Upstream's objects as they are installed."""
    # Gitea says in its headers that it is Gogs, whose key Argo CD looks for.
    secrets = {"webhook.gogs.secret": webhook_secret}
    return manifest.changed(
        args.documents,
        # Dex is for single sign-on, which the platform does not need before it has an identity provider.
        manifest.without("argocd-dex-server"),
        manifest.namespaced,
        manifest.configured(
            "ConfigMap", "argocd-cm", configuration.general(f"https://{args.host}", args.reconciliation)
        ),
        manifest.configured("ConfigMap", "argocd-cmd-params-cm", configuration.PARAMETERS),
        manifest.configured("Secret", "argocd-secret", secrets),
        manifest.requesting(manifest.REQUESTS),
        manifest.seen_starting,
        manifest.replicated(args.replicas),
        manifest.restarted_by("argocd-cmd-params-cm"),
    )
