"""Where Docker is there and root is not (a laptop, macOS): a kind cluster in place of our node, and upstream's images.

Kept thin, as CI cannot run it: the cluster's file and command lines are tested, the rest is the program as anywhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from components.upstream import Upstreams
from sandbox import files, preflight, trust
from sandbox.machine import Machine
from sandbox.node import addons, layout
from sandbox.node.kubernetes import Cluster
from sandbox.origin import Origin, remember
from sandbox.paths import Paths
from sandbox.process import run
from sandbox.progress import Step, Task
from sandbox.up import DOMAIN, SERVICES, Up

NAME = "cairn"
CONTEXT = "cairn-sandbox"
"""As the node of our own is called, so that the checks need not know."""

COMMANDS = ("kind", "kubectl", "helm", "pulumi")
"""To be installed by the user: each platform has its own way to."""


def wanted(machine: Machine) -> bool:
    """Whether this machine gets a kind cluster."""
    return machine.docker and (machine.system != "Linux" or machine.uid != 0)


def made(paths: Paths) -> bool:
    """Whether this sandbox is (or was about to be) a kind cluster."""
    return (paths.home / "kind.yaml").exists()


def configuration() -> str:
    """One node; its ports 80 and 443, where the ingress listens, are this machine's."""
    ports = [{"containerPort": port, "hostPort": port, "listenAddress": "127.0.0.1"} for port in (80, 443)]
    networking = {"podSubnet": layout.POD_SUBNET, "serviceSubnet": layout.SERVICE_SUBNET}
    node = {"role": "control-plane", "extraPortMappings": ports}
    cluster = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "networking": networking, "nodes": [node]}
    return yaml.safe_dump(cluster, sort_keys=False)


def create(paths: Paths, upstreams: Upstreams) -> list[list[str]]:
    """What is run to make the cluster."""
    kubeconfig = f"--kubeconfig={paths.kubeconfig}"
    image = f"--image=kindest/node:{upstreams['kubernetes'].version}"
    config = f"--config={paths.home / 'kind.yaml'}"
    return [
        ["kind", "create", "cluster", f"--name={NAME}", image, config, kubeconfig, "--wait=120s"],
        ["kubectl", kubeconfig, "config", "rename-context", f"kind-{NAME}", CONTEXT],
    ]


def delete() -> list[str]:
    """What is run to remove it."""
    return ["kind", "delete", "cluster", f"--name={NAME}"]


def lacks(machine: Machine, which: Callable[[str], str | None]) -> Iterator[preflight.Lack]:
    """What is missing on this machine."""
    for name in COMMANDS:
        if which(name) is None:
            yield preflight.Lack(
                "command", name, "none of that name", f"Install {name}, or run `sudo make up` on Linux."
            )
    yield from preflight.size(machine)
    yield from preflight.ports(machine)


class KindUp(Up):
    """`make up` on kind: the same program on another node."""

    def __init__(self, paths: Paths, machine: Machine) -> None:
        super().__init__(paths)
        self.machine = machine

    def tasks(self) -> list[Task]:
        """In order; every one can be run again."""
        return [
            Task("preflight", self.preflight),
            Task("node", self.node),
            Task("addons", self.addons),
            Task("platform", self.platform),
        ]

    def preflight(self, step: Step) -> None:
        """Nothing is changed before it has passed."""
        # The ports of a cluster of ours are in use by it.
        found = list(lacks(replace(self.machine, ours=made(self.paths)), shutil.which))
        if found:
            raise preflight.PreflightError("\n".join(map(str, found)) + "\nNothing was changed.")
        remember(self.paths, Origin.DOWNLOAD)
        self.paths.bin.mkdir(parents=True, exist_ok=True)
        for name in COMMANDS:
            files.link(self.paths.bin / name, Path(shutil.which(name) or name))
        step.say("Docker without root: a kind cluster")

    def node(self, step: Step) -> None:
        """The cluster, unless it is there."""
        trust.ensure_authority(self.paths)
        files.write(self.paths.home / "kind.yaml", configuration())
        if not self.paths.kubeconfig.exists() or NAME not in run(["kind", "get", "clusters"], log=step.log).split():
            # What an interrupted one left has no kubeconfig.
            run(delete(), log=step.log)
            self.paths.kubeconfig.unlink(missing_ok=True)
            for command in create(self.paths, self.upstreams):
                run(command, log=step.log)
        names = " ".join(f"{service}.{DOMAIN}" for service in SERVICES)
        step.say(f"where *.localhost does not resolve, add `127.0.0.1 {names}` to /etc/hosts")

    def addons(self, step: Step) -> None:
        """kind has network policies and volumes; metrics and names are ours."""
        cluster = Cluster(self.paths, self.supervisor, step.log)
        # kind's kubelet signs its certificate itself.
        metrics = addons.metrics(self.upstreams, self.paths)
        authority = "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
        cluster.apply(metrics.replace(authority, "--kubelet-insecure-tls"))
        cluster.apply(addons.dns(DOMAIN))
        step.say("metrics, DNS")


def remove(paths: Paths) -> None:
    """`make down`: the cluster and the sandbox's home."""
    run(delete())
    shutil.rmtree(paths.home)
