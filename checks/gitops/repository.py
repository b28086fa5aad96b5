"""The platform's Git repository, through Gitea's API, as a person with the admin's password has it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from checks.check import UnmetError
from checks.cluster import SECRET, Cluster
from checks.wait import Deadline, polled, until

BRANCH = "main"

MERGEABLE = 20.0
"""Seconds in which the server has to work out whether a pull request can be merged."""

CONTENDED = 20.0
"""Seconds in which a commit on a branch that others commit to finds its gap."""

WRITING = threading.RLock()
"""Held while main is written to: two API commits at a time on one branch, and Git refuses the second.

A check that needs main to stand still holds it for as long."""


@dataclass(frozen=True)
class Repository:
    """cairn/platform: branches, commits, pull requests."""

    url: str
    authority: str
    user: str
    password: str

    @classmethod
    def of(cls, cluster: Cluster) -> Repository:
        """The repository of this installation."""
        data = cluster.need(SECRET, "gitea-admin", "gitea")["data"]
        user, password = (base64.b64decode(data[key]).decode() for key in ("username", "password"))
        url = f"https://git.{cluster.access.domain}/api/v1/repos/cairn/platform"
        return cls(url, str(cluster.access.authority), user, password)

    def head(self, branch: str = BRANCH) -> str:
        """The commit that a branch stands at."""
        return str(self._ask("GET", f"/branches/{branch}")["commit"]["id"])

    def has(self, commit: str) -> bool:
        """Whether a commit is there."""
        answer = self._send("GET", f"/git/commits/{commit}", None)
        return answer.status_code == 200

    def folders(self, path: str) -> list[str]:
        """The names of the folders in a folder of main."""
        return [entry["name"] for entry in self._ask("GET", f"/contents/{path}?ref={BRANCH}") if entry["type"] == "dir"]

    def write(self, files: Mapping[str, str], message: str, branch: str = BRANCH) -> str:
        """Commit files as they shall be; gives the commit. A branch that is not there grows from main."""
        with WRITING:
            there = self._send("GET", f"/branches/{branch}", None).status_code == 200
            changes = []
            for path, text in files.items():
                old = self._send("GET", f"/contents/{path}?ref={branch if there else BRANCH}", None)
                change = {"path": path, "content": base64.b64encode(text.encode()).decode(), "operation": "create"}
                if old.status_code == 200:
                    change |= {"operation": "update", "sha": old.json()["sha"]}
                changes.append(change)
            return self._commit(changes, message, branch, there)

    def remove(self, folder: str, message: str, only: str = "") -> str:
        """Commit the removal of the files of a folder, or of one of them; gives the commit."""
        with WRITING:
            listed = self._send("GET", f"/contents/{folder}?ref={BRANCH}", None)
            if listed.status_code == 404:
                return self.head()
            changes = [
                {"path": entry["path"], "operation": "delete", "sha": entry["sha"]}
                for entry in listed.json()
                if not only or entry["name"] == only
            ]
            return self._commit(changes, message, BRANCH, True)

    def open(self, branch: str, title: str) -> int:
        """Open a pull request from a branch to main; gives its number."""
        body = {"head": branch, "base": BRANCH, "title": title}
        return int(self._ask("POST", "/pulls", body)["number"])

    def merge(self, number: int) -> None:
        """Merge a pull request, once the server has worked out that it can be merged."""
        body = {"Do": "merge", "delete_branch_after_merge": False}
        with WRITING:
            until(
                f"pull request {number} to be mergeable",
                polled(lambda: self._ask("GET", f"/pulls/{number}"), Deadline.after(MERGEABLE)),
                lambda pull: "" if pull["mergeable"] else "the server has not found it mergeable",
            )
            self._ask("POST", f"/pulls/{number}/merge", body)

    def close(self, number: int) -> None:
        """Close a pull request, merged or not."""
        self._send("PATCH", f"/pulls/{number}", {"state": "closed"})

    def drop(self, branch: str) -> None:
        """Delete a branch; one that is not there is as good."""
        self._send("DELETE", f"/branches/{branch}", None)

    def _commit(self, changes: list[dict[str, str]], message: str, branch: str, there: bool) -> str:
        place = {"branch": branch} if there else {"branch": BRANCH, "new_branch": branch}
        body = {"files": changes, "message": message, **place}
        answer = until(
            f"the Git server to take a commit on {branch}",
            polled(lambda: self._send("POST", "/contents", body), Deadline.after(CONTENDED)),
            # Somebody else's commit came between: as with a push, one takes the new head and tries again.
            lambda answer: "another commit came between" if "cannot lock ref" in answer.text else "",
        )
        return str(self._checked("POST", "/contents", answer)["commit"]["sha"])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._checked(method, path, self._send(method, path, body))

    @staticmethod
    def _checked(method: str, path: str, answer: requests.Response) -> Any:
        if not answer.ok:
            raise UnmetError(
                f"the Git server to do {method} {path.partition('?')[0]}",
                f"{answer.status_code}: {answer.text[:300]}",
                "kubectl -n gitea logs deploy/gitea",
            )
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, body: Any) -> requests.Response:
        # A session's trust_env would let a .netrc or a proxy of the caller's take part.
        with requests.Session() as session:
            session.trust_env = False
            session.verify = self.authority
            session.auth = (self.user, self.password)
            return session.request(method, self.url + path, json=body, timeout=20)
