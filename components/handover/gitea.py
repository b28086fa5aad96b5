"""The part of Gitea's REST API that a hand-over needs. Every step can be repeated."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Sequence
from typing import Any

import requests

from components.handover.errors import HandOverError

READER = "argocd"
"""The account that the GitOps engine reads with; it can do nothing else."""
TOKEN = "gitops"
TIMEOUT = 30
"""Seconds for one answer."""
NOTICING = 60
"""Seconds in which a first push has to be noticed."""
POLLING = 0.2


class GiteaError(HandOverError):
    """Gitea did not answer, or not as expected."""


class Gitea:
    """Gitea, asked by its administrator."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.api = f"{url}/api/v1"
        self.username = username
        self.session = requests.Session()
        self.session.auth = (username, password)
        # A proxy cannot reach a forwarded port, and a .netrc would replace the administrator.
        self.session.trust_env = False

    def ensure_repository(self, organisation: str, repository: str, branch: str) -> None:
        """A private repository of an organisation; both are made when they are not there."""
        if not self._there(f"/orgs/{organisation}"):
            self._ask("POST", "/orgs", {"username": organisation, "visibility": "limited"})
        if not self._there(f"/repos/{organisation}/{repository}"):
            made = {"name": repository, "private": True, "auto_init": False, "default_branch": branch}
            self._ask("POST", f"/orgs/{organisation}/repos", made)

    def ensure_webhooks(
        self, organisation: str, repository: str, urls: Sequence[str], secret: str, retired: Collection[str] = ()
    ) -> None:
        """Have each push told to `urls` and no longer to `retired`; webhooks that others made stay."""
        hooks = f"/repos/{organisation}/{repository}/hooks"
        ours = {*urls, *retired}
        for hook in self._ask("GET", f"{hooks}?limit=50").json():
            # Gitea neither shows a webhook's secret nor changes it: it is made anew.
            if hook["config"]["url"] in ours:
                self._ask("DELETE", f"{hooks}/{hook['id']}")
        for url in urls:
            config = {"url": url, "content_type": "json", "secret": secret}
            self._ask("POST", hooks, {"type": "gitea", "active": True, "events": ["push"], "config": config})

    def ensure_reader(self, organisation: str, repository: str, token: str | None) -> str:
        """A token of READER that reads the one repository: the one given while it works, else a new one."""
        if not self._there(f"/users/{READER}"):
            self._ask(
                "POST",
                "/admin/users",
                {
                    "username": READER,
                    "email": f"{READER}@localhost.invalid",
                    "password": secrets.token_urlsafe(32),
                    "must_change_password": False,
                    "restricted": True,
                },
            )
        path = f"/repos/{organisation}/{repository}"
        self._ask("PUT", f"{path}/collaborators/{READER}", {"permission": "read"})
        if token and self._reads(path, token):
            return token
        tokens = f"/users/{READER}/tokens"
        for old in self._ask("GET", f"{tokens}?limit=50").json():
            if old["name"] == TOKEN:
                self._ask("DELETE", f"{tokens}/{old['id']}")
        made = self._ask("POST", tokens, {"name": TOKEN, "scopes": ["read:repository"]}).json()
        return str(made["sha1"])

    def await_content(self, organisation: str, repository: str) -> None:
        """Return once Gitea knows that the repository is no longer empty.

        It notes a first push after it has answered it; until then its API fails for everything in the repository.
        """
        end = time.monotonic() + NOTICING
        while self._ask("GET", f"/repos/{organisation}/{repository}").json()["empty"]:
            if time.monotonic() > end:
                raise GiteaError(
                    f"Gitea: expected {organisation}/{repository} to have content within {NOTICING} s of the push; "
                    "it still says that it is empty"
                )
            time.sleep(POLLING)

    def _reads(self, path: str, token: str) -> bool:
        answer = self._send("GET", path, headers={"Authorization": f"token {token}"}, auth=_as_given)
        return bool(answer.ok)

    def _there(self, path: str) -> bool:
        answer = self._send("GET", path)
        if answer.status_code == requests.codes.not_found:
            return False
        self._checked(answer)
        return True

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        return self._checked(self._send(method, path, json=body))

    def _checked(self, answer: requests.Response) -> requests.Response:
        if answer.ok:
            return answer
        asked = f"{answer.request.method} {answer.request.path_url}"
        told = f"Gitea: {asked}: {answer.status_code}: {answer.text.strip()[:300]}"
        if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
            told += f" (is the password that Pulumi keeps for {self.username} the one in force?)"
        raise GiteaError(told)

    def _send(self, method: str, path: str, **request: Any) -> requests.Response:
        try:
            return self.session.request(method, f"{self.api}{path}", timeout=TIMEOUT, **request)
        except requests.RequestException as error:
            raise GiteaError(f"Gitea: expected an answer of {self.api}{path}, got {type(error).__name__}") from error


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves the header of the request, where the session would put the administrator's."""
    return request
