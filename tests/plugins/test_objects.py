"""Objects from creation to deletion, as the official provider treats them.

Matrix: names given and made · field manager · no-op · minimal diff · preview by dry run · immutable field · replacement
with a given name · taken name · drift · import · secrets · patches · deletion.
"""

from __future__ import annotations

import base64
import json

from tests.plugins.engine import PASSPHRASE, Stack, kubectl, live

CONFIG_MAPS = """
core.v1.ConfigMap("made", metadata={"namespace": NS}, data={"key": "one"})
core.v1.ConfigMap("given", metadata={"namespace": NS, "name": "given"}, data={"key": "one", "same": "same"})
"""


def test_names_managers_and_small_changes(stack: Stack) -> None:
    stack.program(CONFIG_MAPS)
    planned = {(step.op, step.name) for step in stack.plan()}
    assert planned >= {("create", "made"), ("create", "given")}
    assert live("configmap", "given", stack.namespace) is None, "a preview makes nothing"
    stack.up()
    made = stack.state("made")["id"].partition("/")[2]
    assert made.startswith("made-") and len(made) == len("made-") + 8, "a name not given is made here"
    given = live("configmap", "given", stack.namespace)
    assert given and stack.state("given")["id"] == f"{stack.namespace}/given", "a given name stays"
    (owner,) = {each["manager"] for each in given["metadata"]["managedFields"]}
    assert owner.startswith("pulumi-kubernetes-"), "fields are applied under a name of the resource's own"
    assert {each["operation"] for each in given["metadata"]["managedFields"]} == {"Apply"}
    assert stack.plan() == [], "a second preview shows no change"

    stack.program(
        CONFIG_MAPS.replace('"given"}, data={"key": "one"', '"given", "labels": {"a": "b"}}, data={"key": "one"')
    )
    (step,) = [step for step in stack.plan() if step.name == "given"]
    assert step.op == "update" and set(step.detail) == {"metadata.labels"}, "only what changed is shown"
    stack.up()
    changed = live("configmap", "given", stack.namespace)
    assert changed and changed["metadata"]["uid"] == given["metadata"]["uid"], "it was changed in place"
    stack.destroy()
    assert live("configmap", "given", stack.namespace) is None and live("configmap", made, stack.namespace) is None


def test_replacement(stack: Stack) -> None:
    """A ConfigMap's data is immutable to the provider: its readers would not read it again."""
    stack.program(CONFIG_MAPS)
    stack.up()
    before = {name: stack.state(name)["id"] for name in ("made", "given")}
    stack.program(CONFIG_MAPS.replace("one", "two"))
    ops = {(step.op, step.name) for step in stack.plan()}
    assert ops == {("replace", "made"), ("replace", "given")}
    printed = stack.up()
    assert stack.state("made")["id"] != before["made"], "the new object has a new name"
    assert stack.state("given")["id"] == before["given"]
    lines = [line for line in printed.splitlines() if "ConfigMap given" in line]
    order = [word for line in lines for word in ("deleting", "creating") if f" {word} " in f" {line} "]
    assert order[0] == "deleting", "a given name is free before the new object takes it"
    found = live("configmap", "given", stack.namespace)
    assert found and found["data"]["key"] == "two"
    stack.destroy()


def test_a_change_that_the_server_refuses_is_a_replacement(stack: Stack) -> None:
    """Also when somebody else made it: an object made anew with another selector is drift, not an error."""
    program = """
    apps.v1.Deployment("d", metadata={"namespace": NS, "name": "d"}, spec={"replicas": 0,
        "selector": {"matchLabels": {"a": "1"}}, "template": {"metadata": {"labels": {"a": "1"}},
        "spec": {"containers": [{"name": "c", "image": "none"}]}}})
    """
    stack.program(program)
    stack.up()
    stack.program(program.replace('{"a": "1"}', '{"a": "2"}'))
    (step,) = stack.plan()
    assert step.op == "replace" and "spec.selector.matchLabels.a" in step.detail, "a preview shows it"
    stack.up()
    mine = live("deployment", "d", stack.namespace)
    assert mine and mine["spec"]["selector"]["matchLabels"] == {"a": "2"}

    kubectl("-n", stack.namespace, "delete", "deployment", "d")
    theirs = {key: mine[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "d"}}
    theirs = json.loads(json.dumps(theirs).replace('{"a": "2"}', '{"a": "3"}'))
    kubectl("-n", stack.namespace, "create", "-f", "-", stdin=json.dumps(theirs))
    assert ("replace", "d") in {(step.op, step.name) for step in stack.plan("--refresh")}
    stack.up("--refresh")
    found = live("deployment", "d", stack.namespace)
    assert found and found["spec"]["selector"]["matchLabels"] == {"a": "2"}
    stack.destroy()


def test_a_name_that_is_taken(stack: Stack) -> None:
    kubectl("-n", stack.namespace, "create", "configmap", "given", "--from-literal=key=somebody's")
    stack.program(CONFIG_MAPS)
    assert f"ConfigMap {stack.namespace}/given exists already" in stack.up(fails=True)
    found = live("configmap", "given", stack.namespace)
    assert found and found["data"] == {"key": "somebody's"}, "what was there is not touched"
    stack.program(
        'core.v1.ConfigMap("taken", metadata={"namespace": NS, "name": "given"}, data={"key": "somebody\'s"},'
        ' opts=Opts(import_=f"{NS}/given"))'
    )
    assert {(step.op, step.name) for step in stack.plan()} >= {("import", "taken")}
    stack.up()
    assert stack.state("taken")["id"] == f"{stack.namespace}/given", "it can be imported"
    stack.destroy()


def test_drift(stack: Stack) -> None:
    """A field that the program names is put right; what others added beside it stays."""
    stack.program("""
    cluster = Provider("cluster", enable_patch_force=True)
    core.v1.Service("service", metadata={"namespace": NS, "name": "service"}, opts=Opts(provider=cluster),
                    spec={"selector": {"app": "a"}, "ports": [{"port": 80}]})
    """)
    stack.up()
    patch = {"metadata": {"labels": {"of": "somebody"}}, "spec": {"selector": {"app": "b"}}}
    kubectl("-n", stack.namespace, "patch", "service", "service", "--patch", json.dumps(patch))
    assert stack.plan() == [], "without a refresh the state is believed"
    (step,) = [step for step in stack.plan("--refresh") if step.op == "update"]
    assert set(step.detail) == {"spec.selector.app"}, "the drift is shown, and nothing that the server filled in"
    stack.up("--refresh")
    found = live("service", "service", stack.namespace)
    assert found and found["spec"]["selector"] == {"app": "a"} and found["metadata"]["labels"] == {"of": "somebody"}
    kubectl("-n", stack.namespace, "delete", "service", "service")
    assert ("create", "service") in {(step.op, step.name) for step in stack.plan("--refresh")}, (
        "a deleted one comes back"
    )
    stack.destroy()


def test_secrets_stay_secret(stack: Stack) -> None:
    stack.program("""
    core.v1.Secret("plain", metadata={"namespace": NS, "name": "plain"}, string_data={"key": "hunter-of-secrets"})
    core.v1.ConfigMap("marked", metadata={"namespace": NS, "name": "marked"},
                      data={"key": pulumi.Output.secret("marked-as-secret"), "open": "in-the-open"})
    """)
    printed = stack.up() + stack.run("preview", "--diff")
    for value in ("hunter-of-secrets", "marked-as-secret"):
        encoded = base64.b64encode(value.encode()).decode()
        files = [path for path in (stack.folder / "backend").rglob("*") if path.is_file()]
        assert files and not [path for path in files if value in path.read_text() or encoded in path.read_text()]
        assert value not in printed and encoded not in printed
    assert stack.state("marked")["outputs"]["data"]["open"] == "in-the-open", "what is no secret can be read"
    found = live("secret", "plain", stack.namespace)
    assert found and base64.b64decode(found["data"]["key"]).decode() == "hunter-of-secrets"
    assert PASSPHRASE not in printed
    stack.destroy()


def test_a_patch_gives_back_what_it_set(stack: Stack) -> None:
    kubectl("-n", stack.namespace, "create", "configmap", "shared", "--from-literal=theirs=1")
    stack.program("""
    core.v1.ConfigMapPatch("patch", metadata={"namespace": NS, "name": "shared", "annotations": {"ours": "1"}})
    """)
    stack.up()
    found = live("configmap", "shared", stack.namespace)
    assert found and found["metadata"]["annotations"]["ours"] == "1" and found["data"] == {"theirs": "1"}
    stack.destroy()
    found = live("configmap", "shared", stack.namespace)
    assert found and "ours" not in found["metadata"].get("annotations", {}) and found["data"] == {"theirs": "1"}


def test_what_the_server_refuses(stack: Stack) -> None:
    """A preview tells it by a dry run, and an update names the object and the field."""
    stack.program("""
    core.v1.Service("wrong", metadata={"namespace": NS, "name": "wrong"}, spec={"ports": [{"port": 99999}]})
    """)
    for printed in (stack.run("preview", fails=True), stack.up(fails=True)):
        assert f"Service {stack.namespace}/wrong" in printed and "spec.ports[0].port" in printed
    stack.program(
        'apiextensions.CustomResource("unknown", api_version="nowhere.dev/v1", kind="Nothing",'
        ' metadata={"namespace": NS, "name": "unknown"}, spec={})'
    )
    stack.run("preview")
    assert "does not know kind Nothing in nowhere.dev/v1" in stack.up(fails=True)
