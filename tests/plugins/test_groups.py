"""Components of many objects, and Helm.

Matrix: ConfigGroup of objects, text and files · definitions and namespaces first · ConfigFile · skipAwait · secrets ·
Chart · Release: made, changed, refused, removed · a provider of another context.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.plugins.engine import Stack, kubectl, live

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: things.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Thing, plural: things, singular: thing}}
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object,
    x-kubernetes-preserve-unknown-fields: true}}}}}}]
"""


def chart(folder: Path) -> Path:
    """A chart with one definition, one object and one hook."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("text: default\n")
    (folder / "templates" / "objects.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\n"
        "metadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\n"
        'data:\n  text: {{ required "text is needed" .Values.text | quote }}\n'
    )
    return folder


def test_what_others_need_comes_first(stack: Stack) -> None:
    group = f"{stack.namespace}.cairn.dev"
    (stack.folder / "crd.yaml").write_text(CRD.format(group=group))
    (stack.folder / "more.yaml").write_text(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: filed, namespace: {stack.namespace}}}\n"
    )
    stack.program(f"""
    thing = {{"apiVersion": "{group}/v1", "kind": "Thing", "metadata": {{"name": "t", "namespace": NS + "-b"}}}}
    space = {{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": NS + "-b"}}}}
    secret = {{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "s", "namespace": NS}},
              "stringData": {{"key": pulumi.Output.secret("hidden-in-a-group")}}}}
    text = "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {{name: texted, namespace: " + NS + "}}"
    group = yaml.v2.ConfigGroup("group", objs=[thing, space, secret], yaml=text, files=["crd.yaml"])
    yaml.v2.ConfigFile("file", file="more.yaml", opts=Opts(depends_on=[group]))
    """)
    stack.run("preview")
    stack.up()
    thing = stack.state(f"group:{stack.namespace}-b/t")
    crd, space = (stack.state(f"group:{name}") for name in (f"things.{group}", f"{stack.namespace}-b"))
    assert {crd["urn"], space["urn"]} <= set(thing["dependencies"]), "an object waits for its kind and its namespace"
    assert thing["parent"].endswith("::group")
    for name in ("texted", "filed"):
        assert live("configmap", name, stack.namespace), name
    files = [path.read_text() for path in (stack.folder / "backend").rglob("*.json*")]
    assert files and not any("hidden-in-a-group" in text for text in files), "a secret in a group stays one"
    assert stack.plan() == []
    stack.destroy()
    assert live("crd", f"things.{group}") is None and live("namespace", f"{stack.namespace}-b") is None, "all is gone"


def test_a_group_that_is_not_waited_for(stack: Stack) -> None:
    stack.program("""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": NS},
           "spec": {"nodeSelector": {"no": "such"}, "containers": [{"name": "c", "image": "registry.invalid/none:1"}]}}
    yaml.v2.ConfigGroup("group", objs=[pod], skip_await=True)
    """)
    stack.up()
    assert live("pod", "p", stack.namespace)
    stack.program('yaml.v2.ConfigGroup("group", objs=[{"metadata": {"name": "no-kind"}}])')
    assert "expected apiVersion in every object" in stack.up(fails=True)
    stack.program("")
    stack.up()
    assert live("pod", "p", stack.namespace) is None, "what is no longer in a group goes"


def test_charts(stack: Stack) -> None:
    chart(stack.folder / "chart")
    stack.program('helm.v4.Chart("small", chart="./chart", namespace=NS, values={"text": "given"})')
    stack.up()
    found = live("configmap", "small", stack.namespace)
    assert found and found["data"] == {"text": "given"}
    assert stack.state(f"small:{stack.namespace}/small")["parent"].endswith("::small"), "objects are resources"
    stack.program('helm.v4.Chart("small", chart="./chart", namespace=NS, values={"text": ""})')
    assert "text is needed" in stack.run("preview", fails=True), "a wrong value is told by a preview"
    stack.destroy()


def test_releases(stack: Stack) -> None:
    chart(stack.folder / "chart")
    program = """
    helm.v3.Release("release", name="small", chart="./chart", namespace=NS,
                    values={"text": pulumi.Output.secret("hidden-in-a-release")})
    """
    stack.program(program)
    stack.up()
    found = live("configmap", "small", stack.namespace)
    assert found and found["data"] == {"text": "hidden-in-a-release"}
    assert stack.state("release")["outputs"]["status"]["status"] == "deployed"
    files = [path.read_text() for path in (stack.folder / "backend").rglob("*.json*")]
    assert files and not any("hidden-in-a-release" in text for text in files)
    assert stack.plan("--refresh") == []
    stack.program(program.replace("hidden-in-a-release", "changed"))
    (step,) = stack.plan()
    assert (step.op, set(step.detail)) == ("update", {"values.text"})
    stack.up()
    found = live("configmap", "small", stack.namespace)
    assert found and found["data"] == {"text": "changed"}
    stack.destroy()
    assert live("configmap", "small", stack.namespace) is None
    assert "small" not in kubectl("-n", stack.namespace, "get", "secrets", "-o", "name"), "Helm's record is gone, too"


def test_a_provider_of_its_own(stack: Stack) -> None:
    """Objects go where the provider says: its kubeconfig, its context, its namespace."""
    stack.program("""
    other = Provider("other", namespace=NS, kubeconfig=open(__import__("os").environ["KUBECONFIG"]).read())
    core.v1.ConfigMap("placed", metadata={"name": "placed"}, opts=Opts(provider=other))
    yaml.v2.ConfigGroup("group", objs=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "grouped"}}],
                        opts=Opts(providers=[other]))
    """)
    stack.up(KUBECONFIG=stack.environment["KUBECONFIG"])
    for name in ("placed", "grouped"):
        assert live("configmap", name, stack.namespace), name
    stack.program("""
    wrong = Provider("wrong", context="nowhere")
    core.v1.ConfigMap("lost", metadata={"name": "lost", "namespace": NS}, opts=Opts(provider=wrong))
    """)
    assert "expected a context named 'nowhere'" in stack.up(fails=True)
    stack.program("")
    stack.up()
    assert json.loads(kubectl("-n", stack.namespace, "get", "cm", "-o", "json"))["items"][0]["metadata"]["name"] == (
        "kube-root-ca.crt"
    )


def test_a_provider_with_other_credentials(stack: Stack) -> None:
    """They change the provider alone; another server is another cluster, and all is made anew there."""
    program = """
    text = open(__import__("os").environ["KUBECONFIG"]).read()
    one = Provider("one", kubeconfig=text)
    core.v1.ConfigMap("kept", metadata={"name": "kept", "namespace": NS}, data={"a": "1"}, opts=Opts(provider=one))
    """
    stack.program(program)
    stack.up()
    stack.program(program.replace(".read()", '.read() + "# issued anew"'))
    assert {(step.op, step.name) for step in stack.plan()} == {("update", "one")}
    stack.program(program.replace(".read()", '.read().replace("https://", "https://not-")'))
    printed = stack.run("preview", fails=True)
    assert "https://not-" in printed, "the other cluster is asked"
    stack.program("")
    stack.up()
