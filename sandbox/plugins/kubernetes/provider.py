"""The provider as the engine speaks to it: requests in, objects on the cluster, answers out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property, wraps
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.plugins.kubernetes import construct, releases
from sandbox.plugins.kubernetes.cluster import ApiError, Cluster, ClusterError
from sandbox.plugins.kubernetes.differences import Change, differences
from sandbox.plugins.kubernetes.discovery import Discovery, UnknownKindError
from sandbox.plugins.kubernetes.lifecycle import Lifecycle, RefusedError, importable
from sandbox.plugins.kubernetes.naming import AutonameError, assign_name
from sandbox.plugins.kubernetes.objects import (
    AUTONAMED,
    WAIT_FOR,
    Token,
    annotation,
    identity,
    metadata,
    namespace_of,
    parse_identity,
)
from sandbox.plugins.kubernetes.replacement import forces_replacement
from sandbox.plugins.kubernetes.settings import Settings
from sandbox.plugins.kubernetes.values import (
    UNKNOWN,
    Secret,
    Tree,
    decode,
    encode,
    has_unknown,
    mark_secrets,
    plain,
)
from sandbox.plugins.kubernetes.waiting import conditions
from sandbox.plugins.kubernetes.waiting.cancellation import Cancellation, CancelledError
from sandbox.plugins.kubernetes.waiting.waits import NotReadyError, Waits

MANAGER = "__fieldManager"
"""Output that keeps the name under which the API server knows this resource's fields."""

Kinds = provider_pb2.PropertyDiff.Kind
DIFF_KINDS = {
    Change.ADD: (Kinds.ADD, Kinds.ADD_REPLACE),
    Change.DELETE: (Kinds.DELETE, Kinds.DELETE_REPLACE),
    Change.UPDATE: (Kinds.UPDATE, Kinds.UPDATE_REPLACE),
}
TOLD = (ClusterError, ApiError, RefusedError, CancelledError, releases.ReleaseError, construct.ConstructError)


def answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Errors that are the user's to know become the request's; one that is not ready keeps its state."""

    @wraps(method)
    def answered(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except NotReadyError as error:
            self.abort_unready(request, context, error)
        except TOLD as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return answered


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One configured connection to one cluster."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.settings = Settings()
        self.cancellation = Cancellation()

    @cached_property
    def cluster(self) -> Cluster:
        """Connected when first needed, so that a program without resources needs no cluster."""
        return Cluster(self.settings.kubeconfig, self.settings.context)

    @cached_property
    def discovery(self) -> Discovery:
        """The cluster's kinds."""
        return Discovery(self.cluster)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Acts on the cluster."""
        return Lifecycle(self.cluster, self.discovery, self.settings, Waits(self.cluster, self.cancellation))

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version("pulumi-kubernetes"))

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Another cluster: everything on it is another. Anything else changes the provider alone."""
        olds, news = decode(request.olds), decode(request.news)
        changed = [path for path, _ in differences(olds, news)]
        places = [path for path in changed if path in ("kubeconfig", "context")]
        old, new = Settings.parse(olds), Settings.parse(news)
        known = not has_unknown([news.get(place) for place in places])
        moved = known and Cluster.moved((old.kubeconfig, old.context), (new.kubeconfig, new.context))
        replaces = places if moved else []
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none, diffs=changed, replaces=replaces)

    def Configure(self, request: Any, context: Any) -> Any:
        self.settings = Settings.parse(decode(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=True,
            supports_autonaming_configuration=True,
        )

    @answering
    def Check(self, request: Any, context: Any) -> Any:
        inputs, token = decode(request.news), Token.of(request.urn)
        if releases.is_release(token):
            return provider_pb2.CheckResponse(inputs=encode(releases.checked(inputs, request.name)))
        old = decode(request.olds) or None
        inputs = {**inputs, "apiVersion": token.api_version, "kind": token.kind}
        failures = []
        try:
            options = request.autonaming if request.HasField("autonaming") else None
            if token.patch and metadata(inputs).get("name") is None:
                raise AutonameError("expected the name of the object to change")
            inputs = assign_name(inputs, old, request.name, request.randomSeed, options)
        except AutonameError as error:
            failures.append(provider_pb2.CheckFailure(property="metadata.name", reason=str(error)))
        if wanted := annotation(inputs, WAIT_FOR):
            try:
                conditions.parse(wanted)
            except conditions.WaitForError as error:
                failures.append(provider_pb2.CheckFailure(property="metadata.annotations", reason=str(error)))
        return provider_pb2.CheckResponse(inputs=encode(self._placed(inputs, token)), failures=failures)

    @answering
    def Diff(self, request: Any, context: Any) -> Any:
        old, new, token = decode(request.old_inputs), decode(request.news), Token.of(request.urn)
        detailed = {}
        for path, change in differences(old, new):
            replaces = releases.replaced_by(path) if releases.is_release(token) else self._replaced_by(path, new, token)
            detailed[path] = provider_pb2.PropertyDiff(kind=DIFF_KINDS[change][replaces], inputDiff=True)
        replaces_by = [path for path, diff in detailed.items() if diff.kind in (k[1] for k in DIFF_KINDS.values())]
        # Two objects cannot have one name: a given one must be free before the new object is made.
        same = identity(plain(old)) == identity(plain(new)) and annotation(new, AUTONAMED) != "true"
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if detailed else none,
            replaces=replaces_by,
            deleteBeforeReplace=bool(replaces_by) and same,
            diffs=sorted({path.partition(".")[0] for path in detailed}),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    @answering
    def Create(self, request: Any, context: Any) -> Any:
        inputs, token = decode(request.properties), Token.of(request.urn)
        if releases.is_release(token):
            made = releases.install(self.settings, inputs, request.timeout, preview=request.preview)
            return provider_pb2.CreateResponse(id=releases.identity(inputs), properties=encode(made))
        manager = self._manager(inputs, {}, request.urn)
        tree = plain(inputs)
        if request.preview:
            seen = self.lifecycle.preview(tree, manager, exists=token.patch)
            identifier = "" if has_unknown(tree["metadata"]) else identity(tree)
        else:
            seen = self.lifecycle.create(tree, manager, request.timeout, patch=token.patch)
            identifier = identity(seen)
        return provider_pb2.CreateResponse(id=identifier, properties=encode(outputs(seen, inputs, manager)))

    @answering
    def Update(self, request: Any, context: Any) -> Any:
        inputs, old, token = decode(request.news), decode(request.olds), Token.of(request.urn)
        if releases.is_release(token):
            made = releases.upgrade(self.settings, inputs, request.timeout, preview=request.preview)
            return provider_pb2.UpdateResponse(properties=encode(made))
        manager = self._manager(inputs, old, request.urn)
        tree = plain(inputs)
        if request.preview:
            seen = self.lifecycle.preview(tree, manager, exists=True)
        else:
            seen = self.lifecycle.update(tree, manager, request.timeout)
        return provider_pb2.UpdateResponse(properties=encode(outputs(seen, inputs, manager)))

    @answering
    def Delete(self, request: Any, context: Any) -> Any:
        token = Token.of(request.urn)
        inputs = decode(request.old_inputs) or decode(request.properties)
        if releases.is_release(token):
            releases.uninstall(self.settings, inputs, request.timeout)
            return empty_pb2.Empty()
        try:
            if token.patch:
                manager = self._manager(inputs, decode(request.properties), request.urn)
                self.lifecycle.release(plain(inputs), request.id, manager)
            else:
                self.lifecycle.delete(token.api_version, token.kind, request.id, inputs, request.timeout)
        except ClusterError:
            if not self.settings.delete_unreachable:
                raise
        return empty_pb2.Empty()

    @answering
    def Read(self, request: Any, context: Any) -> Any:
        token = Token.of(request.urn)
        inputs, state = decode(request.inputs), decode(request.properties)
        if releases.is_release(token):
            return releases.read(self.settings, request.id, inputs, state)
        try:
            kind = self.discovery.kind(token.api_version, token.kind)
        except UnknownKindError:
            return provider_pb2.ReadResponse()
        namespace, name = parse_identity(request.id)
        if namespace is None and kind.namespaced:
            namespace = self._namespace()
        live = self.lifecycle.live(kind, namespace, name)
        if live is None:
            return provider_pb2.ReadResponse()
        manager = self._manager(inputs, state, request.urn)
        found = (
            mark_secrets(self.lifecycle.drifted(kind, plain(inputs), live, manager), inputs)
            if inputs
            else importable(live)
        )
        return provider_pb2.ReadResponse(
            id=identity(live), inputs=encode(found), properties=encode(outputs(live, inputs, manager))
        )

    @answering
    def Construct(self, request: Any, context: Any) -> Any:
        return construct.construct(request, self.settings)

    def Cancel(self, request: Any, context: Any) -> Any:
        self.cancellation.cancel()
        return empty_pb2.Empty()

    def abort_unready(self, request: Any, context: grpc.ServicerContext, error: NotReadyError) -> None:
        """Fail, but let the engine keep what is there: the next update goes on from it."""
        if isinstance(request, provider_pb2.DeleteRequest):
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        creates = isinstance(request, provider_pb2.CreateRequest)
        inputs = decode(request.properties if creates else request.news)
        manager = self._manager(inputs, {} if creates else decode(request.olds), request.urn)
        state = provider_pb2.ErrorResourceInitFailed(
            id=identity(error.tree),
            properties=encode(outputs(error.tree, inputs, manager)),
            inputs=encode(inputs),
            reasons=error.reasons,
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message="resource is not ready")
        status.details.add().Pack(state)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, "resource is not ready")

    def _placed(self, inputs: Tree, token: Token) -> Tree:
        """Inputs with the default namespace where the kind has one; a kind not known yet says its own."""
        if namespace_of(inputs) is not None or metadata(inputs).get("namespace") is UNKNOWN:
            return inputs
        try:
            namespaced = self.discovery.kind(token.api_version, token.kind).namespaced
        except UnknownKindError:
            return inputs
        if not namespaced:
            return inputs
        given = inputs.get("metadata")
        placed = {**metadata(inputs), "namespace": self._namespace()}
        return {**inputs, "metadata": Secret(placed) if isinstance(given, Secret) else placed}

    def _namespace(self) -> str:
        return self.settings.namespace or self.cluster.namespace

    def _replaced_by(self, path: str, new: Tree, token: Token) -> bool:
        return forces_replacement(
            path,
            plain(new),
            patch=token.patch,
            mutable_config_maps=self.settings.mutable_config_maps,
            mutable_secrets=self.settings.mutable_secrets,
        )

    @staticmethod
    def _manager(inputs: Tree, state: Tree, urn: str) -> str:
        """One per resource, as two may set fields of the same object; the state keeps the first one's name."""
        known = state.get(MANAGER)
        return known if isinstance(known, str) else f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def outputs(tree: Tree, inputs: Tree, manager: str) -> Tree:
    """The state of an object: secret wherever its inputs are, and all data of a Secret."""
    shown = {key: value for key, value in tree.items() if key != "metadata"}
    shown["metadata"] = {key: value for key, value in tree["metadata"].items() if key != "managedFields"}
    marked = mark_secrets(shown, inputs)
    if tree.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if key in marked and not isinstance(marked[key], Secret):
                marked[key] = Secret(plain(marked[key]))
    return {**marked, MANAGER: manager}
