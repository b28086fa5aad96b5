"""What a Kubernetes object says about itself: kind, identity, and the annotations that Pulumi gives meaning to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.plugins.kubernetes.discovery import canonical
from sandbox.plugins.kubernetes.values import Tree, plain

AUTONAMED = "pulumi.com/autonamed"
FIELD_MANAGER = "pulumi.com/patchFieldManager"
FORCE = "pulumi.com/patchForce"
SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
TIMEOUT = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"

SERVER_METADATA = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")


@dataclass(frozen=True)
class Token:
    """A resource type of the Pulumi package, as `kubernetes:apps/v1:Deployment`."""

    api_version: str
    kind: str
    patch: bool
    """It sets fields of an object that others own."""

    @staticmethod
    def of(urn: str) -> Token:
        """The type of the resource with this URN."""
        kind = urn.split("::")[2].split("$")[-1]
        _, module, name = kind.split(":")
        # `Patch` types exist for every kind; none of the kinds themselves ends so.
        patch = name.endswith("Patch") and name != "Patch"
        return Token(canonical(module), name.removesuffix("Patch") if patch else name, patch)


def name_of(tree: Tree) -> Any:
    """metadata.name, or None."""
    return metadata(tree).get("name")


def namespace_of(tree: Tree) -> Any:
    """metadata.namespace, or None."""
    return metadata(tree).get("namespace")


def metadata(tree: Tree) -> Tree:
    """The object's metadata without marks of secrets on it as a whole."""
    found = plain(tree.get("metadata"))
    return found if isinstance(found, dict) else {}


def annotation(tree: Tree, key: str) -> str | None:
    """The text of an annotation; a value that is not known yet counts as absent."""
    annotations = metadata(tree).get("annotations")
    found = annotations.get(key) if isinstance(annotations, dict) else None
    return found if isinstance(found, str) else None


def flag(tree: Tree, key: str) -> bool:
    """Whether an annotation says yes."""
    return (annotation(tree, key) or "").lower() == "true"


def identity(tree: Tree) -> str:
    """`namespace/name`, or the name of a cluster's object: the resource's id."""
    namespace = namespace_of(tree)
    return f"{namespace}/{name_of(tree)}" if namespace else str(name_of(tree))


def parse_identity(identifier: str) -> tuple[str | None, str]:
    """Namespace and name of an id."""
    namespace, _, name = identifier.rpartition("/")
    return namespace or None, name


def describe(tree: Tree) -> str:
    """For people: `Deployment argocd/argocd-server`."""
    return f"{tree.get('kind')} {identity(tree)}"
