"""The cluster as the checks see it: objects read, written and watched within a deadline."""

from __future__ import annotations

import atexit
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import urllib3
from kubernetes import client, dynamic, watch
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from checks.access import Access
from checks.check import UnmetError
from checks.wait import Deadline, polled

Object = dict[str, Any]

MANAGER = "cairn-checks"
"""Field manager of what the checks apply, and label of the namespaces that they make."""

WATCH_WINDOW = 20.0
"""Seconds after which a watch is opened anew, so that a wait looks again even when no event came."""

PAUSE = 0.5
"""Seconds between attempts while the API server does not answer."""


class Kind(NamedTuple):
    """What is read or written."""

    api_version: str
    kind: str


NAMESPACE = Kind("v1", "Namespace")
POD = Kind("v1", "Pod")
CONFIG_MAP = Kind("v1", "ConfigMap")
SECRET = Kind("v1", "Secret")
NODE = Kind("v1", "Node")


@dataclass(frozen=True)
class Cluster:
    """One cluster, and the deadline of the check that is looking at it."""

    access: Access
    api: Any = field(repr=False)
    resources: Any = field(repr=False)
    deadline: Deadline

    @classmethod
    def connect(cls, access: Access, deadline: Deadline | None = None) -> Cluster:
        """Raises UnreachableError when there is no cluster."""
        api = access.connect()
        # A discovery cache of this run's own: the default is one file per address, and a rebuilt cluster has the same.
        folder = tempfile.mkdtemp(prefix="cairn-checks-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        resources = dynamic.DynamicClient(api, cache_file=f"{folder}/discovery.json").resources
        return cls(access, api, resources, deadline or Deadline.after(60))

    def within(self, seconds: float) -> Cluster:
        """The same cluster with so many seconds from now."""
        return replace(self, deadline=Deadline.after(seconds))

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """An object, or None when it (or its kind) is not there."""
        try:
            return self._dict(self._resource(kind).get(name=name, namespace=namespace, _request_timeout=10))
        except (client.ApiException, ResourceNotFoundError) as error:
            if isinstance(error, client.ApiException) and error.status != 404:
                raise
            return None

    def need(self, kind: Kind, name: str, namespace: str | None = None) -> Object:
        """An object that has to be there."""
        found = self.get(kind, name, namespace)
        if found is None:
            where = f" in namespace {namespace}" if namespace else ""
            raise UnmetError(f"{kind.kind} {name}{where}", "it is not there", f"kubectl get {kind.kind} -A")
        return found

    def all(self, kind: Kind, namespace: str | None = None, selector: str | None = None) -> list[Object]:
        """All objects of a kind."""
        found = self._resource(kind).get(namespace=namespace, label_selector=selector, _request_timeout=30)
        return list(self._dict(found)["items"])

    def apply(self, body: Object, manager: str = MANAGER) -> Object:
        """Server-side apply, taking over fields of others."""
        metadata = body["metadata"]
        applied = self._resource(Kind(body["apiVersion"], body["kind"])).server_side_apply(
            body=body,
            name=metadata["name"],
            namespace=metadata.get("namespace"),
            field_manager=manager,
            force_conflicts=True,
            _request_timeout=30,
        )
        return self._dict(applied)

    def patch(self, kind: Kind, name: str, body: Object, namespace: str | None = None) -> Object:
        """A merge patch, as a hand with kubectl would do it."""
        patched = self._resource(kind).patch(
            body=body,
            name=name,
            namespace=namespace,
            content_type="application/merge-patch+json",
            field_manager="kubectl-edit",
            _request_timeout=30,
        )
        return self._dict(patched)

    def patch_status(self, kind: Kind, name: str, body: Object, namespace: str | None = None) -> Object:
        """A merge patch of the status, as the controller of the object writes it."""
        patched = self._resource(kind).status.patch(
            body=body,
            name=name,
            namespace=namespace,
            content_type="application/merge-patch+json",
            field_manager=MANAGER,
            _request_timeout=30,
        )
        return self._dict(patched)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, grace: int | None = None) -> None:
        """Delete an object; one that is not there is as good. A pod's notice can be shortened to `grace` seconds."""
        body: Object = {"propagationPolicy": "Background"} | ({} if grace is None else {"gracePeriodSeconds": grace})
        try:
            self._resource(kind).delete(name=name, namespace=namespace, body=body, _request_timeout=30)
        except client.ApiException as error:
            if error.status != 404:
                raise

    def raw(self, path: str) -> Object:
        """What the API server answers at a path as JSON, such as the metrics API; raises ApiException for an error."""
        return dict(json.loads(self.text(path)))

    def text(self, path: str) -> str:
        """What the API server answers at a path, such as /readyz."""
        request = self.api.param_serialize("GET", path, header_params={"Accept": "application/json, */*"})
        answer = self.api.call_api(*request, _request_timeout=10)
        answer.read()
        if answer.status >= 400:
            raise client.ApiException(http_resp=answer)
        return bytes(answer.data).decode()

    def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        name: str | None = None,
        selector: str | None = None,
    ) -> Iterator[list[Object]]:
        """All objects asked for, anew after every change, until the deadline. Outlives an API server that goes away."""
        scope: dict[str, Any] = {"namespace": namespace, "label_selector": selector}
        scope["field_selector"] = f"metadata.name={name}" if name else None
        for _ in polled(lambda: None, self.deadline, PAUSE):
            try:
                yield from self._window(self._resource(kind), scope)
            except (urllib3.exceptions.HTTPError, client.ApiException, ResourceNotFoundError):
                continue

    def _window(self, resource: Any, scope: dict[str, Any]) -> Iterator[list[Object]]:
        listed = self._dict(resource.get(**scope, _request_timeout=10))
        objects = {item["metadata"]["uid"]: item for item in listed["items"]}
        yield list(objects.values())
        seconds = max(1, int(min(WATCH_WINDOW, self.deadline.left())))
        events = watch.Watch().stream(
            resource.get,
            **scope,
            serialize=False,
            resource_version=listed["metadata"]["resourceVersion"],
            timeout_seconds=seconds,
            _request_timeout=seconds + 5,
        )
        for event in events:
            item = event["raw_object"]
            objects[item["metadata"]["uid"]] = item
            if event["type"] == "DELETED":
                del objects[item["metadata"]["uid"]]
            yield list(objects.values())

    @contextmanager
    def namespace(self, check_id: str) -> Iterator[str]:
        """A throwaway namespace; it goes when the check ends, whichever way it ends."""
        name = f"check-{check_id.replace('.', '-')}-{secrets.token_hex(3)}"
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": MANAGER}},
            }
        )
        try:
            yield name
        finally:
            self.delete(NAMESPACE, name)

    def _resource(self, kind: Kind) -> Any:
        return self.resources.get(api_version=kind.api_version, kind=kind.kind)

    @staticmethod
    def _dict(found: Any) -> Object:
        return dict(found.to_dict())
