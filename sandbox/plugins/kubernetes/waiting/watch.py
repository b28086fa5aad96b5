"""Follows a collection of objects: what is there now, then every change, until a deadline."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import urllib3

from sandbox.plugins.kubernetes.cluster import ApiError, Cluster, ClusterError
from sandbox.plugins.kubernetes.values import Tree
from sandbox.plugins.kubernetes.waiting.cancellation import Cancellation

LONGEST_WATCH = 300.0
GRACE = 10.0
"""Seconds that the API server may end a watch late."""
RECONNECT_SECONDS = 0.5
GONE = 410


def states(
    cluster: Cluster, cancellation: Cancellation, path: str, query: dict[str, str], seconds: float
) -> Iterator[dict[str, Tree]]:
    """The objects by name, at first and after each change, until `seconds` have passed.

    An API server that restarts meanwhile is waited for. Raises CancelledError.
    """
    deadline = time.monotonic() + seconds
    version: str | None = None
    found: dict[str, Tree] = {}
    while (left := deadline - time.monotonic()) > 0:
        cancellation.check()
        try:
            if version is None:
                listed = cluster.request("GET", path, query=query)
                kind = {
                    "apiVersion": listed.get("apiVersion"),
                    "kind": str(listed.get("kind", "")).removesuffix("List"),
                }
                found = {item["metadata"]["name"]: {**kind, **item} for item in listed.get("items") or []}
                version = listed["metadata"]["resourceVersion"]
                yield dict(found)
                continue
            for event in _events(cluster, cancellation, path, query, version, min(left, LONGEST_WATCH)):
                item = event["object"]
                if event["type"] == "ERROR":
                    version = None  # Too old to go on from: begin again with the list.
                    break
                version = item["metadata"]["resourceVersion"]
                if event["type"] == "BOOKMARK":
                    continue
                name = item["metadata"]["name"]
                if event["type"] == "DELETED":
                    found.pop(name, None)
                else:
                    found[name] = item
                yield dict(found)
        except ApiError as error:
            if error.status == GONE:
                version = None
            elif error.status < 500:
                raise
            cancellation.pause(RECONNECT_SECONDS)
        except (ClusterError, urllib3.exceptions.HTTPError):
            cancellation.pause(RECONNECT_SECONDS)


def _events(
    cluster: Cluster, cancellation: Cancellation, path: str, query: dict[str, str], version: str, seconds: float
) -> Iterator[Tree]:
    asked = {
        **query,
        "watch": "true",
        "resourceVersion": version,
        "allowWatchBookmarks": "true",
        "timeoutSeconds": int(seconds) + 1,
    }
    response = cluster.stream(path, asked, seconds + GRACE)
    with cancellation.closing(response):
        pending = b""
        for chunk in response.stream(65536):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                if line:
                    yield json.loads(line)
    cancellation.check()
