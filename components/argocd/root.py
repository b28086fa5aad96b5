"""The root Application: from it on, Git says what the platform is."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Secret

from components.argocd.manifest import NAMESPACE

NAME = "platform-root"
PATH = "gitops/root"
LABELS = {"app.kubernetes.io/part-of": "cairn"}
MANAGES = [
    {"group": "argoproj.io", "kind": "AppProject"},
    {"group": "argoproj.io", "kind": "ApplicationSet"},
    {"group": "argoproj.io", "kind": "Application"},
]
"""What the root itself may contain: everything else belongs to an area, with a project of its own."""


@dataclass(frozen=True, kw_only=True)
class RootArgs:
    """What a caller decides."""

    repository: Input[str]
    """URL that Argo CD reads."""
    branch: str
    username: Input[str]
    """Who reads."""
    password: Input[str]
    """Password or token of who reads; a secret."""


class Root(pulumi.ComponentResource):
    """The repository's Secret, the root's project and the root Application.

    Its finalizer makes `pulumi destroy` wait until Argo CD has deleted everything that hangs on it.
    """

    def __init__(self, name: str, args: RootArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("cairn:index:Root", name, {}, opts)
        child = ResourceOptions(parent=self)
        repository = Secret(
            f"{name}-repository",
            metadata={
                "name": "platform-repository",
                "namespace": NAMESPACE,
                "labels": {**LABELS, "argocd.argoproj.io/secret-type": "repository"},
            },
            string_data={
                "type": "git",
                "url": args.repository,
                "username": args.username,
                "password": args.password,
            },
            opts=child,
        )
        project = CustomResource(
            f"{name}-project",
            api_version="argoproj.io/v1alpha1",
            kind="AppProject",
            metadata={"name": NAME, "namespace": NAMESPACE, "labels": LABELS},
            spec={
                "description": "Only the root: areas, and what generates their Applications.",
                "sourceRepos": [args.repository],
                "destinations": [{"server": "https://kubernetes.default.svc", "namespace": NAMESPACE}],
                "clusterResourceWhitelist": [],
                "namespaceResourceWhitelist": MANAGES,
            },
            opts=child,
        )
        CustomResource(
            f"{name}-application",
            api_version="argoproj.io/v1alpha1",
            kind="Application",
            metadata={
                "name": NAME,
                "namespace": NAMESPACE,
                "labels": LABELS,
                "finalizers": ["resources-finalizer.argocd.argoproj.io"],
            },
            spec=application_spec(args),
            opts=ResourceOptions(parent=self, depends_on=[repository, project]),
        )
        self.register_outputs({})


def application_spec(args: RootArgs) -> dict[str, object]:
    """The root Application's spec: the chart gitops/root, told where it came from."""
    values = Output.from_input(args.repository).apply(
        lambda repository: {"repository": repository, "revision": args.branch}
    )
    return {
        "project": NAME,
        "source": {
            "repoURL": args.repository,
            "targetRevision": args.branch,
            "path": PATH,
            "helm": {"valuesObject": values},
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": ["ServerSideApply=true"],
            "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}},
        },
    }
