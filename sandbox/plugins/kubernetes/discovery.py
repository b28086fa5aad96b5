"""Which kinds the API server knows, where their objects live, and whether they have a namespace."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.plugins.kubernetes.cluster import ApiError, Cluster, ClusterError
from sandbox.plugins.kubernetes.values import Tree

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
"""All groups, versions and kinds in one answer (Kubernetes 1.30 and later; its fallback is asked by group)."""


DISCOVERY_SECONDS = 10.0
"""The first requests of all, and cheap ones: whoever does not answer them in this time will not answer others."""


class UnknownKindError(LookupError):
    """The API server has no such kind: a CustomResourceDefinition that is not there, or not yet."""


@dataclass(frozen=True)
class Kind:
    """One kind in one version of its group."""

    api_version: str
    name: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path of an object, or of the collection when there is no name."""
        parts = ["/api" if "/" not in self.api_version else "/apis", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace)]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))  # Roles may be named `system:controller:x`.
        return "/".join(parts)


class Discovery:
    """Asked once, and again when a kind is asked for that was not there the last time."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], Kind] | None = None
        self._unreachable: ClusterError | None = None

    def kind(self, api_version: str, name: str) -> Kind:
        """Raises UnknownKindError when the server does not know it."""
        key = (canonical(api_version), name)
        known = self._kinds
        if known is None or key not in known:
            known = self._refresh(known)
        if key not in known:
            raise UnknownKindError(
                f"the Kubernetes API server does not know kind {name} in {key[0]}; "
                "expected its CustomResourceDefinition to be created before"
            )
        return known[key]

    def load(self) -> None:
        """Ask now: also tells whether the cluster can be reached."""
        if self._kinds is None:
            self._refresh(None)

    def _refresh(self, seen: dict[tuple[str, str], Kind] | None) -> dict[tuple[str, str], Kind]:
        with self._lock:
            if self._kinds is not None and self._kinds is not seen:
                return self._kinds  # Another thread has just asked.
            if self._unreachable is not None:
                raise self._unreachable  # Each of the other resources would wait its turn for the same answer.
            try:
                self._kinds = found = self._all()
            except ClusterError as error:
                if self._kinds is None:
                    self._unreachable = error
                raise
            return found

    def _all(self) -> dict[tuple[str, str], Kind]:
        found: dict[tuple[str, str], Kind] = {}
        for root in ("/api", "/apis"):
            answer = self._cluster.request("GET", root, accept=AGGREGATED, seconds=DISCOVERY_SECONDS)
            for group in answer.get("items") or self._by_group(root, answer):
                found.update(_kinds(group))
        return found

    def _by_group(self, root: str, answer: Tree) -> list[Tree]:
        """What the aggregated answer would hold, asked version by version."""
        if root == "/api":
            paths = [("", version) for version in answer.get("versions") or []]
        else:
            paths = [(g["name"], v["version"]) for g in answer.get("groups") or [] for v in g["versions"]]
        groups = []
        for group, version in paths:
            try:
                listed = self._cluster.request("GET", "/".join(filter(None, (root, group, version))))
            except ApiError:
                continue  # An aggregated API whose server is down must not hide the others.
            resources = [
                {
                    "resource": r["name"],
                    "responseKind": {"kind": r["kind"]},
                    "scope": "Namespaced" if r["namespaced"] else "Cluster",
                }
                for r in listed.get("resources") or []
                if "/" not in r["name"]
            ]
            groups.append({"metadata": {"name": group}, "versions": [{"version": version, "resources": resources}]})
        return groups


def _kinds(group: Tree) -> dict[tuple[str, str], Kind]:
    name = (group.get("metadata") or {}).get("name") or ""
    found = {}
    for version in group.get("versions") or []:
        api_version = f"{name}/{version['version']}" if name else version["version"]
        for resource in version.get("resources") or []:
            kind = (resource.get("responseKind") or {}).get("kind")
            if kind:
                found[api_version, kind] = Kind(
                    api_version, kind, resource["resource"], resource.get("scope") == "Namespaced"
                )
    return found


def canonical(api_version: str) -> str:
    """Pulumi writes `core/v1` where Kubernetes writes `v1`."""
    return api_version.removeprefix("core/")
