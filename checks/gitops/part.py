"""A part of the platform that a check puts into Git for itself, and takes out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import yaml

from checks.check import UnmetError
from checks.cluster import CONFIG_MAP, Cluster, Object
from checks.gitops import applications
from checks.gitops.repository import BRANCH, Repository
from checks.wait import until

LEAVING = 90.0
"""Seconds in which an Application whose folder is gone has to go, with what it applied."""

Files = Mapping[str, Object | str]
"""File names in the part's folder, and the object in each; or a text, for a file that is not well formed."""


@dataclass(frozen=True)
class Part:
    """A folder of gitops/parts, and so an Application of the same name; it applies into a namespace of that name."""

    cluster: Cluster
    name: str
    repository: Repository

    @property
    def folder(self) -> str:
        """Where it is in Git."""
        return f"{applications.PARTS}/{self.name}"

    def config_map(self, name: str, value: str) -> Object:
        """The simplest object that can be told apart by a value."""
        metadata = {"name": name, "namespace": self.name}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}

    def commit(self, files: Files, message: str, branch: str = BRANCH) -> str:
        """Put objects into Git; gives the commit."""
        texts = {
            f"{self.folder}/{name}": body if isinstance(body, str) else yaml.safe_dump(body, sort_keys=False)
            for name, body in files.items()
        }
        return self.repository.write(texts, f"Check {self.name}: {message}", branch)

    def seen(self, name: str, wanted: Callable[[Object | None], str], what: str) -> Object | None:
        """Wait until a ConfigMap of ours is as wanted (`wanted` says what it lacks)."""

        def lacking(found: list[Object]) -> str:
            return wanted(found[0] if found else None)

        try:
            found = until(what, self.cluster.watch(CONFIG_MAP, self.name, name), lacking, applications.look(self.name))
        except UnmetError as error:
            raise UnmetError(error.expected, f"{error.seen}; {self._story()}", error.look) from None
        return found[0] if found else None

    def has(self, name: str, value: str) -> Object:
        """Wait until a ConfigMap of ours has this value."""

        def lacking(found: Object | None) -> str:
            if found is None:
                return f"ConfigMap {name} is not there"
            given = found["data"].get("value")
            return "" if given == value else f"ConfigMap {name} says {given!r}"

        found = self.seen(name, lacking, f"ConfigMap {name} to be applied with value {value!r}")
        assert found is not None, "`lacking` lets no missing object through"
        return found

    def _story(self) -> str:
        application = self.cluster.get(applications.APPLICATION, self.name, applications.NAMESPACE)
        if application is None:
            return f"there is no Application {self.name}: the ApplicationSet has not seen the commit"
        return applications.unsettled(application) or f"Application {self.name} is Synced and Healthy"


@contextmanager
def part(cluster: Cluster, check_id: str, files: Callable[[Part], Files]) -> Iterator[Part]:
    """A part with these files; at the end its folder and then its Application are gone, however the check ended."""
    with cluster.namespace(check_id) as name:
        ours = Part(cluster, name, Repository.of(cluster))
        ours.commit(files(ours), "begin")
        try:
            yield ours
        finally:
            ours.repository.remove(ours.folder, f"Check {name}: end")
            until(
                f"Application {name} to go with its folder",
                cluster.within(LEAVING).watch(applications.APPLICATION, applications.NAMESPACE, name),
                lambda found: "it is still there" if found else "",
                applications.look(name),
            )
