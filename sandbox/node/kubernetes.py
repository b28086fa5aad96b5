"""kubeadm's part: a control plane from nothing, or the one that is there started again."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from sandbox.node import layout
from sandbox.node.supervisor import Supervisor
from sandbox.paths import Paths
from sandbox.process import ProcessError, run

ADMIN = Path("/etc/kubernetes/admin.conf")

API_DEADLINE = 180.0
"""Seconds for the API server to answer; it takes about ten with images at hand."""

NODE_DEADLINE = 120.0
"""Seconds for the node to be Ready once the API server answers."""


class Cluster:
    """The one-node cluster."""

    def __init__(self, paths: Paths, supervisor: Supervisor, log: Path) -> None:
        self.paths = paths
        self.supervisor = supervisor
        self.log = log

    def initialised(self) -> bool:
        """Whether kubeadm finished here before: written last, so that an interrupted start is begun anew."""
        return (self.paths.home / "initialised").exists()

    def start(self) -> None:
        """Bring the control plane up and wait until the node is Ready."""
        if not self.initialised():
            self._initialise()
        else:
            self.supervisor.start("kubelet")
        self._export_kubeconfig()
        self._await_api()
        self._approve_serving_certificate()
        self.kubectl("wait", "--for=condition=Ready", f"node/{layout.NODE}", f"--timeout={NODE_DEADLINE:.0f}s")

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Run kubectl of the pinned version as the cluster's administrator."""
        kubeconfig = f"--kubeconfig={self.paths.kubeconfig}"
        return run([self.paths.bin / "kubectl", kubeconfig, *arguments], stdin=stdin, log=self.log)

    def apply(self, manifest: str) -> None:
        """Server-side apply of YAML as the sandbox."""
        apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=cairn-sandbox", "-f", "-"]
        self.kubectl(*apply, stdin=manifest)

    def _initialise(self) -> None:
        self.supervisor.stop("kubelet")
        self._discard_half_made()
        self._kubeadm("init", "phase", "kubelet-start")
        # It ends at once, again and again, until kubeadm has written its kubeconfig.
        self.supervisor.start("kubelet", wait=False)
        # preflight asks for systemd and a container engine's defaults; the sandbox's own preflight went before.
        self._kubeadm("init", "--skip-phases=preflight,kubelet-start,upload-certs,show-join-command")
        (self.paths.home / "initialised").touch()

    def _discard_half_made(self) -> None:
        # A kubelet that finds the certificate of an earlier cluster is refused for ever by the new one.
        for folder in (Path("/etc/kubernetes"), Path("/var/lib/kubelet/pki"), self.paths.home / "etcd"):
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("config.yaml", "kubeadm-flags.env", "instance-config.yaml"):
            (Path("/var/lib/kubelet") / name).unlink(missing_ok=True)

    def _kubeadm(self, *arguments: str) -> None:
        config = f"--config={self.paths.home / 'kubeadm.yaml'}"
        run(
            [self.paths.bin / "kubeadm", *arguments, config],
            log=self.log,
            env={"PATH": f"{self.paths.bin}:/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    def _export_kubeconfig(self) -> None:
        text = ADMIN.read_text().replace("kubernetes-admin@cairn-sandbox", "cairn-sandbox")
        self.paths.kubeconfig.touch(mode=0o600)
        self.paths.kubeconfig.write_text(text)

    def _await_api(self) -> None:
        deadline = time.monotonic() + API_DEADLINE
        while True:
            try:
                self.kubectl("get", "--raw=/readyz")
                return
            except ProcessError as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"API server: no answer in {API_DEADLINE:.0f} s; see {self.paths.logs}/kubelet.log and the "
                        f"logs under /var/log/pods: {error}"
                    ) from error
                time.sleep(0.3)

    def _approve_serving_certificate(self) -> None:
        """Sign the kubelet's own serving certificate: it asks for one when it has registered."""
        certificate = Path("/var/lib/kubelet/pki/kubelet-server-current.pem")
        deadline = time.monotonic() + NODE_DEADLINE
        while not certificate.exists():
            pending = self.kubectl(
                "get", "csr", "--field-selector=spec.signerName=kubernetes.io/kubelet-serving", "-o", "name"
            ).split()
            if pending:
                self.kubectl("certificate", "approve", *pending)
            if time.monotonic() > deadline:
                what = f"kubelet: it asked for no serving certificate in {NODE_DEADLINE:.0f} s"
                raise TimeoutError(f"{what}; see {self.paths.logs}/kubelet.log")
            time.sleep(0.3)
