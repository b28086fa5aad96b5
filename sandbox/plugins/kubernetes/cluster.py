"""The connection to one cluster: where a kubeconfig says it is, over connections that are used again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config_from_dict
from kubernetes.config.kube_config import KubeConfigMerger

from sandbox.plugins.kubernetes.values import Tree

CONNECTIONS = 64
"""Kept open at once: each resource that is waited for holds one."""

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 60.0

# A request that the server did not take (or answered "try later") is sent again, for some seconds in all.
RETRIES = urllib3.Retry(
    total=5, connect=3, read=2, backoff_factor=0.4, status_forcelist=(429, 503), allowed_methods=None, raise_on_status=False
)


class ClusterError(Exception):
    """The cluster cannot be used: no kubeconfig, no such context, nobody answers."""


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, body: Tree) -> None:
        self.status = status
        self.reason = str(body.get("reason", ""))
        self.details: Tree = body.get("details") or {}
        super().__init__(str(body.get("message") or f"HTTP status {status}"))


class Cluster:
    """Sends requests to the API server of one context."""

    def __init__(self, kubeconfig: str | None = None, context: str | None = None, cluster: str | None = None) -> None:
        """`kubeconfig` is a path or the content; none is $KUBECONFIG, ~/.kube/config, or the pod's own account."""
        self.context = context or ""
        self.namespace = "default"
        configuration = Configuration()
        self._load(configuration, kubeconfig, context, cluster)
        configuration.retries = RETRIES
        configuration.connection_pool_maxsize = CONNECTIONS
        self.server = configuration.host.rstrip("/")
        self._client = ApiClient(configuration)
        self._pool: urllib3.PoolManager = self._client.rest_client.pool_manager

    def _load(self, configuration: Configuration, kubeconfig: str | None, context: str | None, cluster: str | None) -> None:
        try:
            content = self._content(kubeconfig)
            if content is None:
                load_incluster_config(client_configuration=configuration)
                return
            wanted = context or content.get("current-context")
            found = next((c["context"] for c in content.get("contexts") or [] if c["name"] == wanted), None)
            if found is None:
                known = sorted(c["name"] for c in content.get("contexts") or [])
                raise ClusterError(f"kubeconfig: expected a context named {wanted!r}, found {known}")
            if cluster:
                found["cluster"] = cluster
            self.context = str(wanted)
            self.namespace = found.get("namespace") or "default"
            load_kube_config_from_dict(content, context=wanted, client_configuration=configuration, persist_config=False)
        except (ConfigException, OSError, yaml.YAMLError) as error:
            raise ClusterError(f"kubeconfig: {error}") from error

    @staticmethod
    def _content(kubeconfig: str | None) -> Tree | None:
        if kubeconfig and "\n" not in kubeconfig and not kubeconfig.lstrip().startswith("{"):
            paths = str(Path(kubeconfig).expanduser())
        elif kubeconfig:
            content: Tree = yaml.safe_load(kubeconfig)
            return content
        else:
            paths = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
        if not any(Path(path).exists() for path in paths.split(os.pathsep)):
            if not kubeconfig and os.environ.get("KUBERNETES_SERVICE_HOST"):
                return None
            raise ClusterError(f"kubeconfig: expected a file at {paths}; set kubernetes:kubeconfig or KUBECONFIG")
        merged: Tree = KubeConfigMerger(paths).config.value
        return merged

    def request(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None,
        content_type: str = "application/json", accept: str = "application/json",
    ) -> Tree:
        """The answer of the API server.

        Raises ApiError when it refuses and ClusterError when it cannot be reached.
        """
        response = self._send(method, path, query, body, content_type, accept, REQUEST_SECONDS, stream=False)
        answer = _json(response.data)
        if response.status >= 400:
            raise ApiError(response.status, answer)
        return answer

    def stream(self, path: str, query: Mapping[str, Any], seconds: float) -> urllib3.BaseHTTPResponse:
        """An answer that is read while it arrives, as a watch is; nothing for `seconds` ends it."""
        response = self._send("GET", path, query, None, "application/json", "application/json", seconds, stream=True)
        if response.status >= 400:
            raise ApiError(response.status, _json(response.data))
        return response

    def _send(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Any, content_type: str, accept: str,
        seconds: float, *, stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": accept, "User-Agent": "cairn-pulumi-kubernetes"}
        queries = [(key, str(value)) for key, value in (query or {}).items() if value is not None]
        if body is not None:
            headers["Content-Type"] = content_type
        self._client.update_params_for_auth(headers, queries, ["BearerToken"], path, method, body)
        url = f"{self.server}{path}" + (f"?{urlencode(queries)}" if queries else "")
        try:
            return self._pool.request(
                method, url, headers=headers, body=json.dumps(body) if body is not None else None,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds), preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise ClusterError(
                f"Kubernetes cluster unreachable: context {self.context or 'in-cluster'!r}, server {self.server}: {cause}"
            ) from error


def _json(data: bytes) -> Tree:
    try:
        answer = json.loads(data) if data else {}
    except ValueError:
        answer = {"message": data.decode(errors="replace").strip()}
    return answer if isinstance(answer, dict) else {"value": answer}
