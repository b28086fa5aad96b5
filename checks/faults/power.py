"""fault.power-cut: everything dies at once, and the next `make up` brings it back with its data."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from checks.access import UnreachableError
from checks.check import Check, Competency, UnmetError
from checks.cluster import CONFIG_MAP, Cluster, Object
from checks.faults import processes
from checks.faults.witness import answers, serves_commit
from checks.gitops import root
from checks.gitops.part import Part, part
from checks.pods import execute, idle, manifest, start
from checks.pulumi.engine import REPOSITORY

BACK = 300.0
"""Seconds in which everything has to be there again."""


def comes_back(cluster: Cluster) -> str:
    """The same objects, commits and volumes, at work again."""
    with _with_data(cluster) as (ours, commit, kept):
        count = processes.kill(processes.node(cluster))
        seconds = _up(cluster)
        answers(cluster)
        serves_commit(cluster, ours.repository, commit)
        kept()
        ours.commit({"a.yaml": ours.config_map("a", "after")}, "after the power cut")
        ours.has("a", "after")
        whole = cluster.within(120)
        return f"{count} processes killed, up again in {seconds:.0f} s with all data; {root.at_head(whole)}"


def is_off(cluster: Cluster) -> str:
    """Without `up` nothing comes back by itself; nothing answers and nothing of it runs."""
    try:
        processes.kill(processes.node(cluster))
        left = processes.node(cluster)
        if left:
            raise UnmetError("nothing of the sandbox to run after the power cut", str(left[:5]))
        try:
            cluster.access.connect()
        except UnreachableError as error:
            told = str(error).splitlines()[0]
        else:
            raise UnmetError("nobody to answer after the power cut", "the API server answers")
    finally:
        seconds = _up(cluster)
    return f"off, nothing answers ({told[:80]}); up again in {seconds:.0f} s"


@contextmanager
def _with_data(cluster: Cluster) -> Iterator[tuple[Part, str, Callable[[], None]]]:
    """A commit, the object applied from it, and a file in a volume; with a function that looks for the latter two."""
    with part(cluster, "fault.power-cut", lambda ours: {"a.yaml": ours.config_map("a", "before")}) as ours:
        uid = ours.has("a", "before")["metadata"]["uid"]
        commit = ours.repository.head()
        claim: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
        metadata = {"name": "data", "namespace": ours.name}
        cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim})
        volume = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
        container = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
        start(cluster, manifest(ours.name, "writer", ["sleep", "infinity"], container=container, **volume))
        execute(cluster, ours.name, "writer", ["sh", "-c", f"echo {commit} > /data/note && sync"])

        def kept() -> None:
            now = cluster.need(CONFIG_MAP, "a", ours.name)["metadata"]["uid"]
            if now != uid:
                raise UnmetError("the object applied before the power cut", "another one of its name")
            start(cluster, manifest(ours.name, "reader", ["sleep", "infinity"], container=container, **volume))
            note = execute(cluster, ours.name, "reader", ["cat", "/data/note"]).output.strip()
            if note != commit:
                raise UnmetError(f"the file in the volume to say {commit}", repr(note))
            idle(cluster, ours.name, "new")

        yield ours, commit, kept


def _up(cluster: Cluster) -> float:
    """Run `make up`'s command; gives the seconds that it took."""
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "up"], cwd=REPOSITORY, capture_output=True, text=True, timeout=BACK
        )
    except subprocess.TimeoutExpired:
        raise UnmetError(f"`make up` to end within {BACK:.0f} s", "it is still running") from None
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise UnmetError("`make up` to bring everything back", f"status {done.returncode}:\n{tail}")
    answers(cluster.within(60))
    return time.monotonic() - began


CHECK = Check(
    "fault.power-cut",
    "After a power cut the next `make up` brings everything back with its data.",
    Competency.INCIDENTS,
    comes_back,
    is_off,
    deadline=480,
    disruptive=True,
)
