"""An update ends when what it made is ready, or says what is missing.

Matrix: Deployment, StatefulSet, DaemonSet, Job, Pod, claim, definition, Ingress: ready and not · skipAwait · waitFor ·
deadlines · deletion · an interrupt.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time

import pytest

from tests.plugins.engine import Stack, kubectl, live

SILENT_SECONDS = 60
"""The retries of one request take some 16 s."""

IMAGE = "docker.io/library/debian:trixie-slim"
POD = f"""
SLEEP = {{"name": "c", "image": "{IMAGE}", "command": ["sleep", "infinity"]}}
def pod(**spec):
    return {{"terminationGracePeriodSeconds": 0, "containers": [SLEEP], **spec}}
def workload(labels, **spec):
    template = {{"metadata": {{"labels": labels}}, "spec": pod()}}
    return {{"selector": {{"matchLabels": labels}}, "template": template, **spec}}
"""
UNSCHEDULABLE = """
core.v1.Pod("n", metadata={"namespace": NS, "name": "n"}, spec=pod(nodeSelector={"no": "such"}))
"""
READY = (
    POD
    + """
two = workload({"a": "1"}, replicas=2)
apps.v1.Deployment("deployment", metadata={"namespace": NS, "name": "deployment"}, spec=two)
apps.v1.StatefulSet("set", metadata={"namespace": NS, "name": "set"}, spec=workload({"a": "2"}, serviceName="set"))
apps.v1.DaemonSet("daemons", metadata={"namespace": NS, "name": "daemons"}, spec=workload({"a": "3"}))
batch.v1.Job("job", metadata={"namespace": NS, "name": "job"}, spec={"template": {"spec": {
    "restartPolicy": "Never", "containers": [{**SLEEP, "command": ["true"]}]}}})
claim = core.v1.PersistentVolumeClaim("claim", metadata={"namespace": NS, "name": "claim"}, spec={
    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}, "storageClassName": "local-path"})
core.v1.Pod("user", metadata={"namespace": NS, "name": "user"}, opts=Opts(depends_on=[claim]), spec=pod(volumes=[
    {"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}]))
"""
)


def test_what_is_ready_when_an_update_ends(stack: Stack) -> None:
    stack.program(READY)
    stack.up()
    for kind, count in (("deployment", 2), ("statefulset", 1), ("daemonset", 1)):
        name = {"deployment": "deployment", "statefulset": "set", "daemonset": "daemons"}[kind]
        found = live(kind, name, stack.namespace)
        assert found
        status = found["status"]
        assert status.get("availableReplicas", status.get("numberAvailable")) == count, f"{kind} is available"
    job, user, claim = (live(*each, stack.namespace) for each in (("job", "job"), ("pod", "user"), ("pvc", "claim")))
    assert job and job["status"]["succeeded"] == 1, "a Job has completed"
    assert (
        user
        and {"type": "Ready", "status": "True"}.items()
        <= {
            key: value for c in user["status"]["conditions"] if c["type"] == "Ready" for key, value in c.items()
        }.items()
    )
    assert claim and claim["status"]["phase"] == "Bound", "a claim that binds at first use did not hold up its user"
    assert stack.plan("--refresh") == [], "and nothing of what the cluster filled in is taken for a drift"
    stack.destroy()
    assert live("deployment", "deployment", stack.namespace) is None
    pods = json.loads(kubectl("-n", stack.namespace, "get", "pods", "-o", "json"))["items"]
    assert not [pod for pod in pods if pod["metadata"]["name"].startswith("deployment")], "deletion waits for the pods"


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (
            """apps.v1.Deployment("d", metadata={"namespace": NS, "name": "d"}, opts=SOON,
               spec=workload({"a": "1"}) | {"template": {"metadata": {"labels": {"a": "1"}}, "spec": {"containers": [
                   {"name": "c", "image": "registry.invalid/none:1"}]}}})""",
            ["0 of 1 pods are available", "container c waits: ", "registry.invalid/none:1"],
        ),
        (
            """batch.v1.Job("j", metadata={"namespace": NS, "name": "j"}, spec={"backoffLimit": 0,
                   "template": {"spec": {"restartPolicy": "Never",
                   "containers": [{**SLEEP, "command": ["false"]}]}}})""",
            ["the Job failed: BackoffLimitExceeded"],
        ),
        (
            """core.v1.PersistentVolumeClaim("p", metadata={"namespace": NS, "name": "p"}, opts=SOON, spec={
                   "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}},
                   "storageClassName": "nowhere"})""",
            ["its phase is Pending, not Bound", "nowhere"],
        ),
        (
            """core.v1.Pod("n", metadata={"namespace": NS, "name": "n"}, opts=SOON,
                   spec=pod(nodeSelector={"no": "such"}))""",
            ["Unschedulable"],
        ),
        (
            """networking.v1.Ingress("i", opts=SOON, metadata={"namespace": NS, "name": "i"}, spec={
                   "ingressClassName": "nowhere",
                   "defaultBackend": {"service": {"name": "s", "port": {"number": 1}}}})""",
            ["no ingress controller has written an address"],
        ),
    ],
    ids=["image", "job", "claim", "unschedulable", "ingress"],
)
def test_what_is_not_ready_is_told_and_kept(stack: Stack, program: str, told: list[str]) -> None:
    soon = 'SOON = Opts(custom_timeouts=pulumi.CustomTimeouts(create="5s", update="5s"))\n'
    stack.program(POD + soon + "\n".join(line.strip() for line in program.splitlines()))
    printed = stack.up(fails=True)
    for words in told:
        assert words in printed, printed
    assert len(json.loads(stack.run("stack", "export"))["deployment"]["resources"]) >= 3, "the state has what was made"
    stack.destroy()


def test_what_is_asked_for_by_annotation(stack: Stack) -> None:
    stack.program(
        POD
        + """
def noted(**annotations):
    return {"namespace": NS, "annotations": {f"pulumi.com/{key}": value for key, value in annotations.items()}}
template = {"metadata": {"labels": {"a": "1"}}, "spec": pod(nodeSelector={"no": "such"})}
unready = workload({"a": "1"}) | {"template": template}
apps.v1.Deployment("skipped", metadata=noted(skipAwait="true"), spec=unready)
core.v1.Pod("started", metadata=noted(waitFor="jsonpath={.status.phase}=Running"), spec=pod())
core.v1.Pod("condition", metadata=noted(waitFor="condition=Initialized"), spec=pod())
"""
    )
    stack.up()
    stack.program("""
    core.v1.ConfigMap("never", metadata={"namespace": NS, "annotations": {
        "pulumi.com/waitFor": "jsonpath={.data.done}=yes", "pulumi.com/timeoutSeconds": "2"}}, data={"done": "no"})
    """)
    assert "after 2 s: $.data.done is ['no'], not yes" in stack.up(fails=True)
    stack.program(
        'core.v1.ConfigMap("wrong", metadata={"namespace": NS, "annotations": {"pulumi.com/waitFor": "done"}})'
    )
    assert "pulumi.com/waitFor: expected condition=" in stack.run("preview", fails=True)
    stack.destroy()


def test_an_interrupt_ends_the_wait(stack: Stack) -> None:
    stack.program(
        POD + 'core.v1.Pod("n", metadata={"namespace": NS, "name": "n"}, spec=pod(nodeSelector={"no": "such"}))'
    )
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"]
    running = subprocess.Popen(
        command, cwd=stack.folder, env=stack.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    kubectl("-n", stack.namespace, "wait", "--for=create", "pod/n", "--timeout=60s")
    running.send_signal(signal.SIGINT)
    printed, _ = running.communicate(timeout=60)
    assert running.returncode != 0 and "cancel" in printed.lower(), printed
    stack.program("")
    stack.run("cancel", "--yes")
    stack.up("--refresh")
    kubectl("-n", stack.namespace, "wait", "--for=delete", "pod/n", "--timeout=60s")


def test_no_cluster(stack: Stack) -> None:
    """One error, which names the context and the server; and nothing is lost from the state."""
    stack.program('core.v1.ConfigMap("kept", metadata={"namespace": NS, "name": "kept"}, data={"a": "1"})')
    stack.up()
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "gone",
        "clusters": [{"name": "gone", "cluster": {"server": "https://127.0.0.1:9"}}],
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "gone"}}],
        "users": [{"name": "gone", "user": {"token": "none"}}],
    }  # fmt: skip
    (stack.folder / "kubeconfig").write_text(json.dumps(config))
    printed = stack.up("--refresh", fails=True, KUBECONFIG=str(stack.folder / "kubeconfig"))
    assert "Kubernetes cluster unreachable: context 'gone', server https://127.0.0.1:9" in printed
    assert "expected a file at /nowhere" in stack.up("--refresh", fails=True, KUBECONFIG="/nowhere")
    assert stack.state("kept")["id"] == f"{stack.namespace}/kept"
    stack.destroy()


def test_a_cluster_that_does_not_answer_is_asked_once(stack: Stack) -> None:
    """Not once for each resource: a server that takes connections and says nothing would cost minutes."""
    stack.program(
        'for i in range(20): core.v1.ConfigMap(f"c{i}", metadata={"namespace": NS, "name": f"c{i}"}, data={})'
    )
    stack.up()
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "silent",
            "clusters": [{"name": "silent", "cluster": {"server": address}}],
            "contexts": [{"name": "silent", "context": {"cluster": "silent", "user": "silent"}}],
            "users": [{"name": "silent", "user": {"token": "none"}}],
        }  # fmt: skip
        (stack.folder / "kubeconfig").write_text(json.dumps(config))
        started = time.monotonic()
        printed = stack.up("--refresh", fails=True, KUBECONFIG=str(stack.folder / "kubeconfig"))
    assert f"context 'silent', server {address}" in printed
    assert time.monotonic() - started < SILENT_SECONDS, "one resource's retries, not the sum of all"
    stack.destroy()
