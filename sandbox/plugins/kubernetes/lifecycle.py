"""Creates, changes, reads and deletes one object, by server-side apply."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.kubernetes.cluster import ApiError, Cluster
from sandbox.plugins.kubernetes.discovery import Discovery, Kind, UnknownKindError
from sandbox.plugins.kubernetes.objects import (
    FIELD_MANAGER,
    FORCE,
    PROPAGATION,
    SERVER_METADATA,
    TIMEOUT,
    annotation,
    describe,
    flag,
    parse_identity,
)
from sandbox.plugins.kubernetes.settings import Settings
from sandbox.plugins.kubernetes.values import UNKNOWN, Tree, has_unknown
from sandbox.plugins.kubernetes.waiting.waits import GONE_SECONDS, READY_SECONDS, Waits

APPLY = "application/apply-patch+yaml"
NOT_FOUND = 404
PREVIEWABLE = (NOT_FOUND, 403)
"""A dry run can fail on what the same update makes first: a namespace, a right."""


class RefusedError(Exception):
    """The API server did not take an object; the message names it."""


@dataclass(frozen=True)
class Lifecycle:
    """Acts on one cluster. Trees are plain: no marks of secrets in them."""

    cluster: Cluster
    discovery: Discovery
    settings: Settings
    waits: Waits

    def preview(self, tree: Tree, manager: str, *, exists: bool) -> Tree:
        """What the API server would make of it; the inputs themselves where it cannot say yet."""
        if has_unknown(tree):
            return tree
        try:
            kind = self.discovery.kind(tree["apiVersion"], tree["kind"])
            if not exists and self.live(kind, tree["metadata"].get("namespace"), tree["metadata"]["name"]) is not None:
                return tree  # It is to be replaced; a dry run would be refused for what the old one has.
            return self._applied(kind, tree, manager, dry=True)
        except UnknownKindError:
            return tree
        except ApiError as error:
            if exists or error.status not in PREVIEWABLE:
                raise RefusedError(f"{describe(tree)}: {error}") from error
            return tree

    def create(self, tree: Tree, manager: str, seconds: float, *, patch: bool) -> Tree:
        """Make it and wait until it is ready; raises RefusedError, NotReadyError."""
        kind = self._kind(tree)
        live = self.live(kind, tree["metadata"].get("namespace"), tree["metadata"]["name"])
        if live is not None and not patch and not self.settings.upsert:
            raise RefusedError(
                f"{describe(tree)} exists already; import it (`pulumi import`), or delete it if nobody needs it"
            )
        if live is None and patch:
            raise RefusedError(f"{describe(tree)} is to be changed, but it does not exist")
        return self._ready(kind, tree, manager, seconds)

    def update(self, tree: Tree, manager: str, seconds: float) -> Tree:
        """Change it and wait until it is ready; raises RefusedError, NotReadyError."""
        return self._ready(self._kind(tree), tree, manager, seconds)

    def delete(self, api_version: str, name: str, identifier: str, inputs: Tree, seconds: float) -> None:
        """Delete it and wait until it is gone; nothing happens when it is not there."""
        try:
            kind = self.discovery.kind(api_version, name)
        except UnknownKindError:
            return  # Its definition is gone, and it went with it.
        namespace, object_name = parse_identity(identifier)
        if (tree := self.live(kind, namespace, object_name)) is None:
            return
        policy = (annotation(inputs, PROPAGATION) or "foreground").capitalize()
        body = {"propagationPolicy": policy, "preconditions": {"uid": tree["metadata"]["uid"]}}
        try:
            self.cluster.request("DELETE", kind.path(namespace, object_name), body=body)
        except ApiError as error:
            if error.status == NOT_FOUND:
                return
            raise RefusedError(f"{describe(tree)}: {error}") from error
        self.waits.until_gone(kind, tree, seconds or GONE_SECONDS)

    def release(self, tree: Tree, identifier: str, manager: str) -> None:
        """Give up the fields of a patch: applying nothing more than the name takes back what was set."""
        kind = self._kind(tree)
        namespace, name = parse_identity(identifier)
        if self.live(kind, namespace, name) is not None:
            bare = {"apiVersion": tree["apiVersion"], "kind": tree["kind"], "metadata": {"name": name}}
            if namespace:
                bare["metadata"]["namespace"] = namespace
            self._applied(kind, bare, manager, dry=False)

    def live(self, kind: Kind, namespace: str | None, name: str) -> Tree | None:
        """The object as it is; None when it is not there."""
        try:
            return self.cluster.request("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def drifted(self, kind: Kind, inputs: Tree, live: Tree, manager: str) -> Tree:
        """The inputs with what somebody else has changed in the places that they name.

        A dry run of the inputs tells how the API server writes them (1000m as 1): that is no drift. Where it is
        refused, as when the object was made anew with another immutable field, they are compared as they are.
        """
        try:
            expected = self._applied(kind, inputs, manager, dry=True, force=True)
        except ApiError:
            expected = inputs
        return dict(_drift(_readable(inputs, inputs), _readable(expected, inputs), _readable(live, inputs)))

    def _kind(self, tree: Tree) -> Kind:
        try:
            return self.discovery.kind(tree["apiVersion"], tree["kind"])
        except UnknownKindError as error:
            raise RefusedError(f"{describe(tree)}: {error}") from error

    def _ready(self, kind: Kind, tree: Tree, manager: str, seconds: float) -> Tree:
        try:
            applied = self._applied(kind, tree, manager, dry=False)
        except ApiError as error:
            raise RefusedError(f"{describe(tree)}: {error}") from error
        asked = annotation(tree, TIMEOUT)
        return self.waits.until_ready(kind, applied, float(asked) if asked else seconds or READY_SECONDS)

    def _applied(self, kind: Kind, tree: Tree, manager: str, *, dry: bool, force: bool = False) -> Tree:
        metadata = tree["metadata"]
        query = {
            "fieldManager": annotation(tree, FIELD_MANAGER) or manager,
            "force": str(force or self.settings.force or flag(tree, FORCE)).lower(),
            "dryRun": "All" if dry else None,
        }
        path = kind.path(metadata.get("namespace"), metadata["name"])
        return self.cluster.request("PATCH", path, query=query, body=tree, content_type=APPLY)


def importable(live: Tree) -> Tree:
    """Inputs of an object that Pulumi did not make: all that is not the server's own."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in SERVER_METADATA}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def _readable(tree: Tree, inputs: Tree) -> Tree:
    """A Secret's `data` also as the `stringData` that the inputs have, which the server only writes."""
    given = inputs.get("stringData")
    if tree is inputs or tree.get("kind") != "Secret" or not isinstance(given, dict):
        return tree
    data = tree.get("data") or {}
    texts = {key: base64.b64decode(data[key]).decode(errors="replace") for key in given if key in data}
    return {**tree, "stringData": texts}


def _drift(given: Any, expected: Any, live: Any) -> Any:
    if expected == live or given is UNKNOWN:
        return given
    if isinstance(given, dict) and isinstance(expected, dict) and isinstance(live, dict):
        return {key: _drift(value, expected.get(key), live[key]) for key, value in given.items() if key in live}
    if isinstance(given, list) and isinstance(expected, list) and isinstance(live, list):
        if len(given) == len(expected) == len(live):
            return [_drift(*items) for items in zip(given, expected, live, strict=True)]
        return live
    return live
