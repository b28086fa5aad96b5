"""The node, looked at from the machine that it runs on, and the platform's pods, looked at from inside.

Matrix: supervised processes, and one that is not ours · ports, open and closed to others · the kubelet's settings · the
audit log: what was done, who did it, and no secret's content · users, files and rights in the pods of the platform.
"""

from __future__ import annotations

import json
import secrets
import stat
from pathlib import Path

import pytest
import testinfra
import yaml
from testinfra.host import Host

from checks.cluster import CONFIG_MAP, POD, SECRET, Cluster, Object
from checks.wait import polled, until
from tests.conftest import Sandbox

MEBIBYTE = 2**20


@pytest.fixture
def host(sandbox: Sandbox) -> Host:
    """This machine, which is the node."""
    return testinfra.get_host("local://")


OURS = {
    "registry": "{home}/registry.yaml",
    "containerd": "{home}/containerd.toml",
    "kubelet": "--config=/var/lib/kubelet/config.yaml",
    "kube-apiserver": "--audit-log-path={home}/logs/audit.log",
    "etcd": "--data-dir={home}/etcd",
    "kube-controller-manager": "--cluster-name=cairn-sandbox",
    "kube-scheduler": "--kubeconfig=/etc/kubernetes/scheduler.conf",
    "kube-proxy": "--config=/var/lib/kube-proxy/config.conf",
}
"""Each process of the node, and an argument that tells it from another's on the same machine."""


@pytest.mark.parametrize("name", OURS)
def test_process_runs_once(host: Host, sandbox: Sandbox, name: str) -> None:
    argument = OURS[name].format(home=sandbox.paths.home)
    # The kernel keeps 15 characters of a name.
    running = [process for process in host.process.filter(comm=name[:15]) if argument in process.args.split()]
    assert len(running) == 1, f"{name} runs once on the node, not {len(running)} times"
    assert running[0].user == "root", f"{name} is a part of the node itself"


def test_supervisor_has_every_program_running(host: Host, sandbox: Sandbox) -> None:
    done = sandbox.command("status")
    assert done.returncode == 0, f"status 0 says that all runs:\n{done.stdout}"
    assert "https://argocd." in done.stdout, "status says where Argo CD is"
    secret = host.run("kubectl -n argocd get secret argocd-initial-admin-secret -o jsonpath={.data.password}").stdout
    assert secret, "there is a password for the first login"
    assert secret not in done.stdout, "status says how to get a password, and never the password"


OPEN = [(6443, "API server"), (443, "platform's names over TLS"), (80, "redirect to TLS"), (10250, "kubelet")]
LOCAL = [(2379, "etcd's clients"), (5000, "registry"), (10257, "controller manager"), (10259, "scheduler")]


@pytest.mark.parametrize(("port", "what"), OPEN, ids=[what for _, what in OPEN])
def test_port_answers(host: Host, port: int, what: str) -> None:
    assert host.addr("127.0.0.1").port(port).is_reachable, f"{what} is served on port {port}"


@pytest.mark.parametrize(("port", "what"), LOCAL, ids=[what for _, what in LOCAL])
def test_port_of_the_machinery_is_not_everyones(host: Host, port: int, what: str) -> None:
    assert host.socket(f"tcp://127.0.0.1:{port}").is_listening, f"{what} is served on the node itself"
    assert not host.socket(f"tcp://0.0.0.0:{port}").is_listening, f"{what} is not offered to other machines"


def test_kubelet_refuses_strangers(host: Host) -> None:
    done = host.run(
        "curl --silent --insecure --output /dev/null --write-out '%{http_code}' https://127.0.0.1:10250/pods"
    )
    assert done.stdout == "401", "the kubelet answers nobody whom it does not know"


def test_kubelet_settings(host: Host) -> None:
    settings = yaml.safe_load(host.file("/var/lib/kubelet/config.yaml").content_string)
    assert settings["serverTLSBootstrap"], "the kubelet's certificate is signed by the cluster, for metrics-server"
    assert settings["evictionHard"]["nodefs.available"] == "1Gi", "eviction is by absolute numbers"
    assert settings["authentication"]["anonymous"]["enabled"] is False, "strangers are refused"
    assert settings["authorization"]["mode"] == "Webhook", "the API server says who may ask the kubelet"


@pytest.mark.parametrize("path", ["kubeconfig", "pulumi-passphrase", "ca/ca.key"])
def test_secret_file_is_roots_alone(host: Host, sandbox: Sandbox, path: str) -> None:
    file = host.file(str(sandbox.paths.home / path))
    assert file.user == "root", f"{path} is root's"
    assert not file.mode & (stat.S_IRWXG | stat.S_IRWXO), f"{path} is open to root alone, not {file.mode:o}"


def _audited(sandbox: Sandbox, name: str, cluster: Cluster) -> Object:
    """The audit log's entry of an object's creation, once it is written."""
    log = sandbox.paths.logs / "audit.log"

    def entries() -> list[Object]:
        lines = [line for line in log.read_text().splitlines() if name in line]
        found = [json.loads(line) for line in lines]
        return [one for one in found if one["verb"] in {"create", "patch"} and one["objectRef"].get("name") == name]

    lacking = "no line of a change names it"
    states = polled(entries, cluster.within(20).deadline)
    return until(f"{log} to tell of {name}", states, lambda found: "" if found else lacking)[0]


def test_audit_log_tells_who_did_what(sandbox: Sandbox, cluster: Cluster) -> None:
    with cluster.namespace("audit") as namespace:
        name = f"audited-{secrets.token_hex(4)}"
        pod = {"containers": [{"name": "main", "image": "nobody.example.org/none:1"}], "schedulerName": "nobody"}
        cluster.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": pod}
        )
        entry = _audited(sandbox, name, cluster)
        assert entry["user"]["username"] == "kubernetes-admin", "who did it"
        assert entry["objectRef"]["namespace"] == namespace, "where"
        assert entry["requestObject"]["spec"]["schedulerName"] == "nobody", "with what was asked for"
        assert entry["responseStatus"]["code"] == 201, "and what came of it"


@pytest.mark.parametrize("kind", [SECRET, CONFIG_MAP], ids=["Secret", "ConfigMap"])
def test_audit_log_holds_no_secret(sandbox: Sandbox, cluster: Cluster, kind: tuple[str, str]) -> None:
    with cluster.namespace("audit") as namespace:
        name, value = f"audited-{secrets.token_hex(4)}", secrets.token_hex(16)
        metadata = {"name": name, "namespace": namespace}
        content = {"stringData" if kind is SECRET else "data": {"key": value}}
        cluster.apply({"apiVersion": "v1", "kind": kind[1], "metadata": metadata, **content})
        assert "requestObject" not in _audited(sandbox, name, cluster), "that it was written is told, not what"
        assert value not in (sandbox.paths.logs / "audit.log").read_text(), "its content is nowhere in the log"


def _pod(cluster: Cluster, namespace: str, prefix: str, container: str) -> Host:
    names = [pod["metadata"]["name"] for pod in cluster.all(POD, namespace)]
    name = next(name for name in names if name.startswith(prefix))
    return testinfra.get_host(f"kubectl://{name}?namespace={namespace}&container={container}")


def test_git_server_in_its_pod(cluster: Cluster) -> None:
    pod = _pod(cluster, "gitea", "gitea-", "gitea")
    assert pod.check_output("id -u") == "1000", "upstream's rootless user"
    data = pod.file("/var/lib/gitea")
    assert data.is_directory, "its volume is where upstream has it"
    assert pod.run("touch /usr/local/bin/x").rc != 0, "it cannot write where its programs are"


def test_argocd_in_its_pods(cluster: Cluster) -> None:
    pod = _pod(cluster, "argocd", "argocd-repo-server-", "argocd-repo-server")
    assert pod.check_output("id -u") == "999", "upstream's user"
    for command in ("git", "helm", "kustomize", "gpg"):
        assert pod.exists(command), f"{command} is in the image, as in upstream's"
    assert pod.run("touch /etc/x").rc != 0, "its root file system is not to be written to"


def test_pods_of_the_platform_have_limits_on_rights(cluster: Cluster) -> None:
    for namespace in ("gitea", "argocd", "ingress"):
        for pod in cluster.all(POD, namespace):
            for container in pod["spec"]["containers"]:
                where = f"{namespace}/{pod['metadata']['name']} {container['name']}"
                rights = {**pod["spec"].get("securityContext", {}), **container.get("securityContext", {})}
                assert rights.get("runAsNonRoot"), f"{where} does not run as root"
                assert rights.get("allowPrivilegeEscalation") is False, f"{where} cannot gain rights"
                assert rights.get("capabilities", {}).get("drop") == ["ALL"], f"{where} has no capability"
                assert container["resources"].get("requests"), f"{where} says what it needs"


def test_registry_serves_the_images_of_the_node(host: Host, cluster: Cluster) -> None:
    catalogue = host.check_output("curl --silent --fail http://127.0.0.1:5000/v2/_catalog?n=1000")
    served = json.loads(catalogue)["repositories"]
    for namespace in ("kube-system", "gitea", "argocd", "ingress"):
        for pod in cluster.all(POD, namespace):
            for container in pod["spec"]["containers"]:
                repository = container["image"].partition("@")[0].rpartition(":")[0]
                assert repository in served, f"{container['image']} is served by the node's own registry"


def test_commands_are_the_sandboxs_own(host: Host, sandbox: Sandbox) -> None:
    for name in ("kubectl", "containerd", "pulumi"):
        found = Path(host.check_output(f"command -v {name}"))
        assert found.parent == sandbox.paths.bin, f"{name} is the pinned one"
        assert host.file(str(found)).is_symlink, f"{name} is a link into the cache"
