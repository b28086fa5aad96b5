"""The hand-over as a resource: it happens when it is created, and again when what it is made of has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult

from components.handover.command import GitError, Remote
from components.handover.delivery import deliver, tip_of
from components.handover.errors import UnreachableError
from components.handover.gitea import READER, Gitea
from components.handover.tunnel import tunnel

Props = dict[str, Any]
COMPARED = ("digest", "url", "branch", "organisation", "repository", "webhookUrls", "webhookSecret", "token")
"""What a hand-over follows from: not where the clone lies, nor by which context the cluster is reached."""


class InternalProvider(ResourceProvider):
    """Hands over to the Git server in the cluster, and makes there what is missing.

    It removes nothing: the repository holds people's commits. It ends with the server's volume.
    """

    serialize_as_secret_always = False

    def create(self, props: Props) -> CreateResult:
        return CreateResult(f"{props['organisation']}/{props['repository']}", self._handed_over(props, {}))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(self._handed_over(_news, _olds))

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return _difference(_olds, _news, replacing=("organisation", "repository"))

    def read(self, id_: str, props: Props) -> ReadResult:
        try:
            with _reached(props) as address:
                return _found(id_, props, _internal(props, address))
        except UnreachableError:
            # A server that is down says nothing about its repository; the update that follows may bring it back.
            return ReadResult(id_, props)

    @staticmethod
    def _handed_over(props: Props, before: Props) -> Props:
        owned = str(props["organisation"]), str(props["repository"])
        with _reached(props) as address:
            gitea = Gitea(address, props["administrator"], props["password"])
            gitea.ensure_repository(*owned, props["branch"])
            retired = before.get("webhookUrls", [])
            gitea.ensure_webhooks(*owned, props["webhookUrls"], props["webhookSecret"], retired)
            token = gitea.ensure_reader(*owned, before.get("readPassword"))
            delivered = deliver(Path(props["root"]), _internal(props, address), props["branch"])
            gitea.await_content(*owned)
        return {
            **props,
            "digest": delivered.digest,
            "revision": delivered.revision,
            "readUsername": READER,
            "readPassword": token,
        }


class ExternalProvider(ResourceProvider):
    """Hands over to a repository that exists. It adds commits, and removes nothing."""

    serialize_as_secret_always = False

    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["url"], self._handed_over(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(self._handed_over(_news))

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return _difference(_olds, _news, replacing=("url",))

    def read(self, id_: str, props: Props) -> ReadResult:
        return _found(id_, props, _external(props))

    @staticmethod
    def _handed_over(props: Props) -> Props:
        delivered = deliver(Path(props["root"]), _external(props), props["branch"])
        return {
            **props,
            "digest": delivered.digest,
            "revision": delivered.revision,
            "readUsername": props["username"],
            "readPassword": props["token"],
        }


@contextmanager
def _reached(props: Props) -> Iterator[str]:
    with tunnel(props["namespace"], props["service"], int(props["port"]), props["context"]) as address:
        yield address


def _internal(props: Props, address: str) -> Remote:
    url = f"{address}/{props['organisation']}/{props['repository']}.git"
    return Remote(url, props["administrator"], props["password"], through_tunnel=True)


def _external(props: Props) -> Remote:
    return Remote(props["url"], props["username"], props["token"])


def _difference(olds: Props, news: Props, replacing: tuple[str, ...]) -> DiffResult:
    # A value that a preview does not know yet is given as a word that equals nothing.
    changed = [key for key in COMPARED if olds.get(key) != news.get(key)]
    return DiffResult(changes=bool(changed), replaces=[key for key in replacing if key in changed])


def _found(id_: str, props: Props, remote: Remote) -> ReadResult:
    """What `pulumi refresh` sees: without the branch, the hand-over is gone and the next `pulumi up` makes it anew."""
    try:
        there = tip_of(remote, props["branch"])
    except GitError as error:
        if "not found" not in str(error):
            raise
        there = None
    return ReadResult(id_, props) if there else ReadResult("", {})
