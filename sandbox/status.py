"""What runs where and how to log in; names where passwords are, never prints one."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from sandbox.node.supervisor import Supervisor
from sandbox.paths import Paths
from sandbox.process import ProcessError, run

UP = """\
✓ The platform is up.

  Argo CD   https://argocd.{domain}   user admin
            kubectl -n argocd get secret argocd-initial-admin-secret -o jsonpath='{{.data.password}}' | base64 -d
  Git       https://git.{domain}      user gitea-admin
            kubectl -n gitea get secret gitea-admin -o jsonpath='{{.data.password}}' | base64 -d

  kubeconfig  export KUBECONFIG={kubeconfig} PATH={bin}:$PATH
  CA          {ca}
              trust it in a browser (Settings > Certificates > Authorities > Import), or for all programs here:
              cp {ca} /usr/local/share/ca-certificates/cairn.crt && update-ca-certificates

  Next: make verify (the promises, checked on this cluster) · make status · make down"""


def report(paths: Paths, console: Console, domain: str = "cairn.localhost") -> int:
    """Print the state; gives 0 when everything runs, else 1."""
    programs = Supervisor(paths).status()
    if not programs and not (paths.home / "kind.yaml").exists():
        console.print("✗ The sandbox is not up. Run `make up`.", highlight=False)
        return 1
    broken = [f"{name} is {state}" for name, state in programs.items() if state != "RUNNING"]
    try:
        broken += pods_not_ready(paths)
    except ProcessError as error:
        broken.append(f"the API server does not answer: {str(error).splitlines()[1].strip()}")
    if broken:
        for line in broken:
            console.print(f"✗ {line}", highlight=False, markup=False)
        console.print(f"✗ Not all is well. Logs: {paths.logs}. `make up` repairs what it can.", highlight=False)
        return 1
    console.print(
        UP.format(domain=domain, kubeconfig=paths.kubeconfig, bin=paths.bin, ca=paths.ca_certificate),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return 0


def pods_not_ready(paths: Paths) -> list[str]:
    """A line for each pod that should be ready and is not."""
    kubectl: list[str | Path] = [paths.bin / "kubectl", f"--kubeconfig={paths.kubeconfig}", "--request-timeout=10s"]
    pods = json.loads(run([*kubectl, "get", "pods", "--all-namespaces", "-o", "json"]))["items"]
    lines = []
    for pod in pods:
        conditions = {entry["type"]: entry for entry in pod["status"].get("conditions", [])}
        ready = conditions.get("Ready", {})
        # Pods that run once, as those that make and clear volumes, are never ready.
        stays = pod["spec"]["restartPolicy"] == "Always" and "deletionTimestamp" not in pod["metadata"]
        if stays and ready.get("status") != "True":
            name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            lines.append(f"pod {name} is not ready: {ready.get('message') or pod['status']['phase']}")
    return lines
