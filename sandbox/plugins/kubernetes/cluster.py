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
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config, load_kube_config_from_dict

from sandbox.plugins.kubernetes.values import Tree

CONNECTIONS = 64
"""Kept open at once: each resource that is waited for holds one."""

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 60.0

# A request that the server did not take (or answered "try later") is sent again, for some seconds in all.
RETRIES = urllib3.Retry(
    total=5,
    connect=3,
    read=2,
    backoff_factor=0.4,
    status_forcelist=(429, 503),
    allowed_methods=None,
    raise_on_status=False,
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

    def __init__(self, kubeconfig: str | None = None, context: str | None = None) -> None:
        """`kubeconfig` is a path or the content; none is $KUBECONFIG, ~/.kube/config, or the pod's own account."""
        self.context = context or ""
        self.namespace = "default"
        configuration = Configuration()
        try:
            self._load(configuration, kubeconfig)
        except (ConfigException, OSError, yaml.YAMLError) as error:
            raise ClusterError(f"kubeconfig: {error}") from error
        configuration.retries = RETRIES
        configuration.connection_pool_maxsize = CONNECTIONS
        self.server = configuration.host.rstrip("/")
        self._client = ApiClient(configuration)
        self._pool: urllib3.PoolManager = self._client.rest_client.pool_manager

    @staticmethod
    def moved(old: tuple[str | None, str | None], new: tuple[str | None, str | None]) -> bool:
        """Whether these two pairs of kubeconfig and context are two clusters.

        Other credentials, or another name for the context, are not: all objects would be made again for nothing. So
        are not two that cannot be compared, as with a file that is gone.
        """
        try:
            return Cluster(*old).server != Cluster(*new).server
        except ClusterError:
            return False

    def _load(self, configuration: Configuration, kubeconfig: str | None) -> None:
        if kubeconfig and ("\n" in kubeconfig or kubeconfig.lstrip().startswith("{")):
            content = yaml.safe_load(kubeconfig)
            self._choose([content])
            load_kube_config_from_dict(
                content, context=self.context, client_configuration=configuration, persist_config=False
            )
            return
        paths = kubeconfig or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config"))
        existing = [path for path in (Path(part).expanduser() for part in paths.split(os.pathsep)) if path.is_file()]
        if not existing:
            if kubeconfig or not os.environ.get("KUBERNETES_SERVICE_HOST"):
                raise ClusterError(f"kubeconfig: expected a file at {paths}; set kubernetes:kubeconfig or KUBECONFIG")
            load_incluster_config(client_configuration=configuration)
            self.context = "in-cluster"
            return
        self._choose([yaml.safe_load(path.read_text()) or {} for path in existing])
        load_kube_config(
            config_file=os.pathsep.join(map(str, existing)),
            context=self.context,
            client_configuration=configuration,
            persist_config=False,
        )

    def _choose(self, contents: list[Tree]) -> None:
        """Find the context: the one asked for, else the first current one, as kubectl does."""
        contexts = {c["name"]: c["context"] for content in contents for c in content.get("contexts") or []}
        current = next((content["current-context"] for content in contents if content.get("current-context")), "")
        self.context = self.context or current
        if self.context not in contexts:
            raise ClusterError(f"kubeconfig: expected a context named {self.context!r}, found {sorted(contexts)}")
        self.namespace = contexts[self.context].get("namespace") or "default"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        seconds: float = REQUEST_SECONDS,
    ) -> Tree:
        """The answer of the API server.

        Raises ApiError when it refuses and ClusterError when it cannot be reached.
        """
        response = self._send(method, path, query, body, content_type, accept, seconds, stream=False)
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
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        content_type: str,
        accept: str,
        seconds: float,
        *,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": accept, "User-Agent": "cairn-pulumi-kubernetes"}
        queries = [(key, str(value)) for key, value in (query or {}).items() if value is not None]
        if body is not None:
            headers["Content-Type"] = content_type
        self._client.update_params_for_auth(headers, queries, ["BearerToken"], path, method, body)
        url = f"{self.server}{path}" + (f"?{urlencode(queries)}" if queries else "")
        try:
            return self._pool.request(
                method,
                url,
                headers=headers,
                body=json.dumps(body) if body is not None else None,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
                preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise ClusterError(
                f"Kubernetes cluster unreachable: context {self.context!r}, server {self.server}: {cause}"
            ) from error


def _json(data: bytes) -> Tree:
    try:
        answer = json.loads(data) if data else {}
    except ValueError:
        answer = {"message": data.decode(errors="replace").strip()}
    return answer if isinstance(answer, dict) else {"value": answer}
