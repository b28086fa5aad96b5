"""Which cluster is checked, and as whom: the kubeconfig, the names and the certificate authority."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config


class UnreachableError(RuntimeError):
    """There is no cluster to check; the message names the kubeconfig and context."""


@dataclass(frozen=True)
class Access:
    """How the cluster is reached."""

    kubeconfig: Path
    context: str | None
    """A context of the kubeconfig, its current one when None."""
    domain: str
    """Parent of the platform's names: git.<domain>, argocd.<domain>."""
    authority: Path
    """The installation's CA certificate in a file, for requests and TLS."""
    home: Path
    """The sandbox's home; on other clusters a folder that is not there."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Access:
        """CAIRN_CONTEXT, CAIRN_DOMAIN, CAIRN_CA, CAIRN_HOME and KUBECONFIG, with the sandbox's as defaults."""
        home = Path(environment.get("CAIRN_HOME", "/var/lib/cairn"))
        usual = home / "kubeconfig"
        if not usual.exists():
            usual = Path(environment.get("HOME", "/root")) / ".kube" / "config"
        return cls(
            kubeconfig=Path(environment.get("KUBECONFIG") or usual),
            context=environment.get("CAIRN_CONTEXT") or None,
            domain=environment.get("CAIRN_DOMAIN") or "cairn.localhost",
            authority=Path(environment.get("CAIRN_CA") or home / "ca" / "ca.crt"),
            home=home,
        )

    @property
    def name(self) -> str:
        """What an error message calls the cluster."""
        return f"kubeconfig {self.kubeconfig}, context {self.context or '(its current one)'}"

    def connect(self) -> Any:
        """A client whose API server has answered; raises UnreachableError otherwise."""
        if not self.kubeconfig.exists():
            raise UnreachableError(f"no cluster: {self.name}: there is no such file; `make up` makes a cluster")
        try:
            api = config.new_client_from_config(config_file=str(self.kubeconfig), context=self.context)
            # One try: a missing cluster is to be told at once, and every wait tries again by itself.
            api.configuration.retries = urllib3.Retry(0, redirect=0)
            api = client.ApiClient(api.configuration)
            client.VersionApi(api).get_code(_request_timeout=10)
        except config.ConfigException as error:
            raise UnreachableError(f"no cluster: {self.name}: {error}") from error
        except (urllib3.exceptions.HTTPError, client.ApiException) as error:
            reason = str(error).splitlines()[0]
            raise UnreachableError(f"no cluster: {self.name}: the API server does not answer: {reason}") from error
        return api
