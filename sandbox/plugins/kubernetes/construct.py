"""Components of many objects: `yaml/v2` ConfigGroup and ConfigFile, `helm.sh/v4` Chart."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import requests
import yaml
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from sandbox.plugins.kubernetes import helm
from sandbox.plugins.kubernetes.objects import SKIP_AWAIT, identity
from sandbox.plugins.kubernetes.settings import Settings
from sandbox.plugins.kubernetes.values import UNKNOWN, Tree, decode, encode, has_unknown, plain
from sandbox.plugins.serving import GRPC_OPTIONS

FIRST = frozenset({"CustomResourceDefinition", "Namespace"})
"""What others may need: they wait until it is ready."""

AT_ONCE = 32
DOWNLOAD_SECONDS = 60.0


class ConstructError(Exception):
    """The component cannot be made."""


def construct(request: Any, settings: Settings) -> Any:
    """Register the component and its objects with the engine; gives the component's URN."""
    inputs, kind = decode(request.inputs), request.type.rpartition(":")[2]
    with grpc.insecure_channel(request.monitorEndpoint, options=GRPC_OPTIONS) as channel:
        group = _Group(request, resource_pb2_grpc.ResourceMonitorStub(channel), inputs)
        try:
            found = SOURCES[kind](request.name, inputs, settings) if not _undecided(inputs) else []
            group.add(found)
        except helm.HelmError as error:
            raise ConstructError(f"{request.name}: {error}") from error
        except grpc.RpcError as error:
            raise ConstructError(f"{request.name}: {error.details()}") from error
        return group.finish()


class _Group:
    """One component on its way into the engine."""

    def __init__(self, request: Any, monitor: Any, inputs: Tree) -> None:
        self._request = request
        self._monitor = monitor
        self._prefix = plain(inputs.get("resourcePrefix")) or request.name
        self._skip_await = plain(inputs.get("skipAwait")) is True
        self.urn = self._register(
            type=request.type, name=request.name, parent=request.parent, custom=False, protect=request.protect,
            dependencies=request.dependencies, aliases=request.aliases, providers=request.providers,
        )  # fmt: skip

    def add(self, trees: list[Tree]) -> None:
        """First what the others need, then the others, each as many at once as there are threads for."""
        first = [tree for tree in trees if tree.get("kind") in FIRST]
        others = [tree for tree in trees if tree.get("kind") not in FIRST]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            needed = list(pool.map(lambda tree: self._child(tree, []), first))
            list(pool.map(lambda tree: self._child(tree, needed), others))

    def finish(self) -> Any:
        """Tell the engine that this was all."""
        self._monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=self.urn))
        return provider_pb2.ConstructResponse(urn=self.urn)

    def _child(self, tree: Tree, needed: list[str]) -> str:
        for key in ("apiVersion", "kind"):
            if not isinstance(tree.get(key), str):
                raise ConstructError(f"{self._request.name}: expected {key} in every object, got {plain(tree)!r:.200}")
        if self._skip_await:
            metadata = tree["metadata"]
            tree = {
                **tree,
                "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), SKIP_AWAIT: "true"}},
            }
        api_version = tree["apiVersion"] if "/" in tree["apiVersion"] else f"core/{tree['apiVersion']}"
        return self._register(
            type=f"kubernetes:{api_version}:{tree['kind']}",
            name=f"{self._prefix}:{identity(plain(tree))}",
            parent=self.urn,
            custom=True,
            object=encode(tree),
            dependencies=needed,
            provider=self._request.providers.get("kubernetes", ""),
            protect=self._request.protect,
        )

    def _register(self, **fields: Any) -> str:
        asked = resource_pb2.RegisterResourceRequest(
            **fields, acceptSecrets=True, acceptResources=True, version=version("pulumi-kubernetes")
        )
        urn: str = self._monitor.RegisterResource(asked).urn
        return urn


def _undecided(inputs: Tree) -> bool:
    """Whether a preview cannot say yet which objects there will be."""
    return any(plain(value) is UNKNOWN for value in inputs.values()) or (
        "chart" in inputs and has_unknown(inputs.get("values"))
    )


def _group(name: str, inputs: Tree, settings: Settings) -> list[Tree]:
    trees: list[Tree] = list(_as_list(inputs.get("objs")))
    for text in _as_list(inputs.get("yaml")):
        trees += yaml.load_all(plain(text), Loader=helm.LOADER)
    for file in _as_list(inputs.get("files")):
        trees += yaml.load_all(_text(plain(file)), Loader=helm.LOADER)
    return _flat(trees)


def _file(name: str, inputs: Tree, settings: Settings) -> list[Tree]:
    return _flat(yaml.load_all(_text(plain(inputs["file"])), Loader=helm.LOADER))


def _chart(name: str, inputs: Tree, settings: Settings) -> list[Tree]:
    given = plain(inputs)
    namespace = given.get("namespace") or settings.namespace or "default"
    return _flat(helm.documents(settings, given, given.get("name") or name, namespace))


SOURCES = {"ConfigGroup": _group, "ConfigFile": _file, "Chart": _chart}


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(place: str) -> str:
    if place.startswith(("http://", "https://")):
        answer = requests.get(place, timeout=DOWNLOAD_SECONDS)
        answer.raise_for_status()
        return answer.text
    return Path(place).read_text()


def _flat(trees: Iterable[Any]) -> list[Tree]:
    """Objects, with those of a List in its place; two of one identity are refused by the engine."""
    flat: list[Tree] = []
    for tree in trees:
        if not tree:
            continue
        if not isinstance(tree, dict):
            raise ConstructError(f"expected Kubernetes objects, got {plain(tree)!r:.200}")
        if str(tree.get("kind", "")).endswith("List") and isinstance(tree.get("items"), list):
            flat += tree["items"]
        else:
            flat.append(tree)
    return flat
