"""The platform: composes the products, and is the only place that orders them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import Provider

from components import argocd, git, handover, ingress
from components.argocd.manifest import NAMESPACE as ARGOCD
from components.certificates import Keypair
from components.definitions import Definitions
from components.settings import Settings
from components.trust import CertificateAuthority, CertificateAuthorityArgs
from components.upstream import Upstreams

REPOSITORY = Path(__file__).resolve().parent.parent
"""The clone whose folders are handed over."""


class Platform(pulumi.ComponentResource):
    """All of it: names and trust, Git, the GitOps engine, and the hand-over to it."""

    def __init__(self, name: str, settings: Settings, upstreams: Upstreams) -> None:
        super().__init__("cairn:index:Platform", name, {"domain": settings.domain})
        cluster = Provider(
            f"{name}-cluster",
            context=settings.kubernetes.context or None,
            # What the program says wins over what somebody changed by hand, instead of being refused as a conflict.
            enable_patch_force=True,
            opts=ResourceOptions(parent=self),
        )
        self.child = ResourceOptions(parent=self, providers=[cluster])
        self.settings, self.upstreams = settings, upstreams
        self.replicas = 2 if settings.tier == "ha" else 1

        self.authority = self._names_and_trust()
        self.argocd = self._engine()
        delivered = self._git()
        kinds = Definitions("definitions", self.child)
        argocd.Root(
            "root",
            argocd.RootArgs(
                repository=delivered.repo_url,
                branch=settings.git.branch,
                username=delivered.read_username,
                password=delivered.read_password,
            ),
            opts=self._after(self.argocd, delivered, kinds),
        )
        self.register_outputs({})

    def exports(self) -> dict[str, Any]:
        """What `pulumi stack output` shows: addresses, and where passwords are; never a password."""
        return {
            "argocd": {"url": self.argocd.url, "user": "admin", "passwordIn": f"{ARGOCD}/argocd-initial-admin-secret"},
            "git": {"url": self.git_url, "passwordIn": f"{git.NAMESPACE}/{git.ADMINISTRATOR}"}
            if self.settings.git.mode == "internal"
            else {"url": self.git_url},
            "certificateAuthority": self.authority.authority,
        }

    def _names_and_trust(self) -> CertificateAuthority:
        settings = self.settings.ingress
        given = Keypair(settings.ca_certificate, settings.ca_key) if settings.ca_certificate else None
        authority = CertificateAuthority(
            "trust", CertificateAuthorityArgs(domain=self.settings.domain, given=given), self.child
        )
        if settings.enabled:
            ingress.Ingress(
                "ingress",
                ingress.IngressArgs(
                    image=self.upstreams["traefik"].image(),
                    domain=self.settings.domain,
                    certificate=authority.certificate,
                    key=authority.key,
                    class_name=settings.class_name,
                    service_type=settings.service_type,
                    host_ports=settings.host_ports,
                    replicas=self.replicas,
                ),
                self.child,
            )
        return authority

    def _engine(self) -> argocd.ArgoCd:
        settings = self.settings.argocd
        return argocd.ArgoCd(
            "argocd",
            argocd.ArgoCdArgs(
                documents=self.upstreams["argo-cd"].documents(),
                host=self.settings.address(settings.host),
                ingress_class=self.settings.ingress.class_name,
                reconciliation=settings.reconciliation,
                replicas=self.replicas,
            ),
            self.child,
        )

    def _git(self) -> handover.HandOver:
        settings = self.settings.git
        repository: handover.InternalGit | handover.ExternalGit
        if settings.mode == "external":
            self.git_url: pulumi.Input[str] = settings.url
            repository = handover.ExternalGit(
                url=settings.url, username=settings.username, token=pulumi.Output.secret(settings.token)
            )
            after: list[pulumi.Resource] = []
        else:
            server = self._git_server()
            self.git_url = server.url
            repository = handover.InternalGit(
                organisation=settings.organisation,
                repository=settings.repository,
                url=server.internal_url,
                password=server.admin_password,
                webhook_urls=[self.argocd.webhook_url],
                webhook_secret=self.argocd.webhook_secret,
                kubernetes_context=self.settings.kubernetes.context,
            )
            after = [server]
        return handover.HandOver(
            "handover",
            handover.HandOverArgs(repository_root=REPOSITORY, branch=settings.branch, git=repository),
            self._after(*after),
        )

    def _git_server(self) -> git.Git:
        settings = self.settings.git
        return git.Git(
            "git",
            git.GitArgs(
                image=self.upstreams["gitea"].image(),
                host=self.settings.address(settings.host),
                ingress_class=self.settings.ingress.class_name,
                webhook_hosts=[f"*.{ARGOCD}.svc.cluster.local"],
                client_namespaces=[ARGOCD, ingress.NAMESPACE],
                storage_size=settings.storage_size,
                storage_class=settings.storage_class,
            ),
            self.child,
        )

    def _after(self, *resources: pulumi.Resource) -> ResourceOptions:
        return ResourceOptions.merge(self.child, ResourceOptions(depends_on=list(resources)))
