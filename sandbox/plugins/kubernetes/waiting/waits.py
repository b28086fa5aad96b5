"""The waits themselves: until an object is ready, until it is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandbox.plugins.kubernetes.cluster import ApiError, Cluster
from sandbox.plugins.kubernetes.discovery import Kind
from sandbox.plugins.kubernetes.objects import SKIP_AWAIT, WAIT_FOR, annotation, describe, flag
from sandbox.plugins.kubernetes.values import Tree
from sandbox.plugins.kubernetes.waiting import conditions, explanation
from sandbox.plugins.kubernetes.waiting.cancellation import Cancellation, CancelledError
from sandbox.plugins.kubernetes.waiting.readiness import READINESS, FailedError, Missing, unobserved
from sandbox.plugins.kubernetes.waiting.watch import states

READY_SECONDS = 600.0
GONE_SECONDS = 300.0
"""Both are the official provider's; `pulumi.com/timeoutSeconds` and customTimeouts override them."""


class NotReadyError(Exception):
    """The object is there, but not as it should be; the reasons say what was missing."""

    def __init__(self, tree: Tree, reasons: list[str]) -> None:
        self.tree = tree
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class Waits:
    """Waits on one cluster, until the user cancels."""

    def __init__(self, cluster: Cluster, cancellation: Cancellation) -> None:
        self._cluster = cluster
        self._cancellation = cancellation

    def until_ready(self, kind: Kind, tree: Tree, seconds: float) -> Tree:
        """The object when it is ready.

        Raises NotReadyError, with the newest state, when it failed or was not ready in time.
        """
        missing_in = self._criterion(kind, tree)
        if missing_in is None:
            return tree
        # What the API server answered may be all there is to wait for.
        if not unobserved(tree) and not _told(missing_in, tree):
            return tree
        newest, missing = tree, "nothing was seen of it"
        try:
            for found in self._watch(kind, tree, seconds):
                if (seen := found.get(tree["metadata"]["name"])) is None:
                    newest, missing = tree, "it is not there"
                    continue
                newest = seen
                if (told := missing_in(seen)) is None:
                    return newest
                missing = told
        except FailedError as error:
            raise NotReadyError(newest, [str(error), *explanation.explain(self._cluster, newest)]) from None
        except CancelledError:
            # The object is there: the state must have it, for the next update to go on from.
            raise NotReadyError(newest, [f"{describe(newest)}: cancelled while {missing}"]) from None
        reasons = [f"{describe(newest)} was not ready after {seconds:.0f} s: {missing}"]
        raise NotReadyError(newest, [*reasons, *explanation.explain(self._cluster, newest)])

    def until_gone(self, kind: Kind, tree: Tree, seconds: float) -> None:
        """Wait until the object is deleted; another of the same name counts as gone.

        Raises NotReadyError when it is still there after `seconds`.
        """
        name, uid = tree["metadata"]["name"], tree["metadata"].get("uid")
        newest = tree
        for found in self._watch(kind, tree, seconds):
            if (seen := found.get(name)) is None or seen["metadata"].get("uid") != uid:
                return
            newest = seen
        held = ", ".join(newest["metadata"].get("finalizers") or []) or "none"
        reason = f"{describe(newest)} was still there after {seconds:.0f} s; its finalizers: {held}"
        raise NotReadyError(newest, [reason, *explanation.explain(self._cluster, newest)])

    def _criterion(self, kind: Kind, tree: Tree) -> Callable[[Tree], Missing] | None:
        if flag(tree, SKIP_AWAIT):
            return None
        if wanted := annotation(tree, WAIT_FOR):
            expectations = conditions.parse(wanted)
            return lambda seen: next((m for e in expectations if (m := e.missing(seen))), None)
        group = kind.api_version.rpartition("/")[0]
        if (group, kind.name) == ("", "PersistentVolumeClaim") and self._bound_at_first_use(tree):
            return None
        return READINESS.get((group, kind.name))

    def _bound_at_first_use(self, tree: Tree) -> bool:
        name = (tree.get("spec") or {}).get("storageClassName")
        if not name:
            return False
        try:
            found = self._cluster.request("GET", f"/apis/storage.k8s.io/v1/storageclasses/{name}")
        except ApiError:
            return False
        return found.get("volumeBindingMode") == "WaitForFirstConsumer"

    def _watch(self, kind: Kind, tree: Tree, seconds: float) -> Iterator[dict[str, Tree]]:
        metadata = tree["metadata"]
        query = {"fieldSelector": f"metadata.name={metadata['name']}"}
        try:
            yield from states(self._cluster, self._cancellation, kind.path(metadata.get("namespace")), query, seconds)
        except ApiError as error:
            if error.status != 404:
                raise
            yield {}  # The kind itself is gone: its definition was deleted meanwhile.


def _told(missing_in: Callable[[Tree], Missing], tree: Tree) -> Missing:
    try:
        return missing_in(tree)
    except FailedError as error:
        return str(error)
