"""The hand-over against a real Gitea of the pinned version, on this machine; only the way into a cluster is left out.

Matrix: first · nothing new · new content · others' commits · conflict · webhooks (made once, renewed, retired, others'
kept) · the reader (reads, cannot write, sees nothing else, a token that is gone) · wrong credentials · no server ·
refresh of what is there and of what is gone.
"""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from components.handover import provider
from components.handover.command import GitError, Remote
from components.handover.delivery import ConflictError, deliver
from components.handover.gitea import Gitea, GiteaError
from components.handover.provider import ExternalProvider, InternalProvider
from components.upstream import Upstreams
from sandbox.paths import Paths

ADMINISTRATOR = "gitea-admin"
PASSWORD = "correct-horse-battery"
HOOK = "http://argocd-server.argocd.svc.cluster.local/api/webhook"


class Server:
    """A Gitea that runs, and what a person does in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = ""
        """Name of the repository, another for each test: Gitea is still busy with one that was just deleted."""

    @property
    def repository(self) -> str:
        """Its path in the API."""
        return f"/repos/{self.id}"

    @property
    def id(self) -> str:
        """Its name with its owner's."""
        return f"cairn/{self.name}"

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> requests.Response:
        auth = None if token else (ADMINISTRATOR, PASSWORD)
        headers = {"Authorization": f"token {token}"} if token else {}
        return requests.request(method, f"{self.url}/api/v1{path}", json=body, auth=auth, headers=headers, timeout=30)

    def commit(self, path: str, text: str) -> str:
        """A person edits a file in the browser."""
        there = self.ask("GET", f"{self.repository}/contents/{path}")
        body = {"content": base64.b64encode(text.encode()).decode(), "message": "by hand", "branch": "main"}
        if there.ok:
            body["sha"] = there.json()["sha"]
        done = self.ask("PUT" if there.ok else "POST", f"{self.repository}/contents/{path}", body)
        done.raise_for_status()
        return str(done.json()["commit"]["sha"])

    def tip(self) -> str:
        return str(self.ask("GET", f"{self.repository}/branches/main").json()["commit"]["id"])

    def text(self, path: str) -> str:
        return self.ask("GET", f"{self.repository}/raw/{path}?ref=main").text

    def hooks(self) -> list[str]:
        return sorted(hook["config"]["url"] for hook in self.ask("GET", f"{self.repository}/hooks").json())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Gitea as upstream builds it, with its data in a temporary folder."""
    paths = Paths()
    command = paths.bin / "gitea"
    upstream = Upstreams.load()["gitea"]
    assert upstream.module is not None
    module = paths.cache / "go" / "mod" / f"{upstream.module}@{upstream.version}"
    for needed in (command, module):
        if not needed.exists():
            pytest.skip(f"no Gitea to try it against: {needed} is made by `make up`")
    folder = tmp_path_factory.mktemp("gitea")
    port = _free_port()
    settings = folder / "app.ini"
    settings.write_text(
        f"""
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {folder}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://gitea.gitea.svc.cluster.local:3000/
STATIC_ROOT_PATH = {module}
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
[security]
INSTALL_LOCK = true
PASSWORD_HASH_ALGO = pbkdf2_v1
[service]
DISABLE_REGISTRATION = true
REQUIRE_SIGNIN_VIEW = true
[webhook]
ALLOWED_HOST_LIST = *.argocd.svc.cluster.local
"""
    )
    environment = {**os.environ, "HOME": str(folder), "GITEA_WORK_DIR": str(folder)}
    gitea = [str(command), "--config", str(settings)]
    subprocess.run([*gitea, "migrate"], env=environment, check=True, capture_output=True)
    account = ["--username", ADMINISTRATOR, "--password", PASSWORD, "--email", "admin@localhost.invalid"]
    create = [*gitea, "admin", "user", "create", "--admin", "--must-change-password=false", *account]
    subprocess.run(create, env=environment, check=True, capture_output=True)
    log = folder / "gitea.log"
    with (
        log.open("w") as output,
        subprocess.Popen([*gitea, "web"], env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _answering(f"{url}/api/healthz", process, log)
            yield Server(url)
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answering(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    retries = requests.adapters.Retry(total=12, connect=12, backoff_factor=0.1, status_forcelist=[503])
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
        try:
            session.get(url, timeout=10).raise_for_status()
        except requests.RequestException as error:
            raise AssertionError(f"Gitea did not start ({process.poll()}): {log.read_text()[-2000:]}") from error


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """The same with a repository of the test's own, and reached without a cluster."""

    @contextmanager
    def tunnel(namespace: str, service: str, port: int, context: str) -> Iterator[str]:
        yield running.url

    monkeypatch.setattr(provider, "tunnel", tunnel)
    running.name = tmp_path.name[:30]
    return running


@pytest.fixture
def props(server: Server, tmp_path: Path) -> dict[str, Any]:
    """The properties of the resource, with a clone that has one part."""
    chart = tmp_path / "gitops" / "root" / "Chart.yaml"
    chart.parent.mkdir(parents=True)
    chart.write_text("name: root\n")
    return {
        "root": str(tmp_path),
        "branch": "main",
        "digest": "as the program computed it",
        "organisation": "cairn",
        "repository": server.name,
        "administrator": ADMINISTRATOR,
        "password": PASSWORD,
        "webhookUrls": [HOOK],
        "webhookSecret": "s3cret",
        "context": "",
        "namespace": "gitea",
        "service": "gitea",
        "port": 3000.0,
    }


def change(props: dict[str, Any], text: str) -> dict[str, Any]:
    (Path(props["root"]) / "gitops/root/Chart.yaml").write_text(text)
    return props


def test_the_first_hand_over_makes_everything(server: Server, props: dict[str, Any]) -> None:
    made = InternalProvider().create(props)
    outs = made.outs or {}
    assert made.id == server.id
    assert server.tip() == outs["revision"], "the branch is at the revision that is reported"
    repository = server.ask("GET", server.repository).json()
    assert repository["private"], "the repository is not public"
    assert repository["default_branch"] == "main"
    assert server.text("gitops/root/Chart.yaml") == "name: root\n", "the content is there"
    assert server.hooks() == [HOOK], "a push will be told"


def test_a_second_one_without_changes_changes_nothing(server: Server, props: dict[str, Any]) -> None:
    outs = InternalProvider().create(props).outs or {}
    again = InternalProvider().update(server.id, outs, props).outs or {}
    assert again == outs, "commit, token and all the rest stay"
    assert server.hooks() == [HOOK], "the webhook is not doubled"


def test_commits_of_others_are_kept_beside_new_content(server: Server, props: dict[str, Any]) -> None:
    outs = InternalProvider().create(props).outs or {}
    server.commit("gitops/parts/theirs/x.yaml", "x: 1\n")
    changed = InternalProvider().update(server.id, outs, change(props, "name: root\nversion: 2\n")).outs or {}
    assert server.tip() == changed["revision"]
    assert server.text("gitops/parts/theirs/x.yaml") == "x: 1\n", "theirs is still there"
    assert server.text("gitops/root/Chart.yaml") == "name: root\nversion: 2\n", "ours is new"


def test_a_conflict_leaves_the_branch_and_names_the_file(server: Server, props: dict[str, Any]) -> None:
    outs = InternalProvider().create(props).outs or {}
    theirs = server.commit("gitops/root/Chart.yaml", "name: theirs\n")
    with pytest.raises(ConflictError, match=r"gitops/root/Chart\.yaml"):
        InternalProvider().update(server.id, outs, change(props, "name: ours\n"))
    assert server.tip() == theirs, "the branch is where it was"
    assert server.text("gitops/root/Chart.yaml") == "name: theirs\n", "with what they wrote"


def test_webhooks_of_ours_follow_and_others_stay(server: Server, props: dict[str, Any]) -> None:
    outs = InternalProvider().create(props).outs or {}
    other = "http://chat.argocd.svc.cluster.local/hook"
    config = {"url": other, "content_type": "json"}
    server.ask(
        "POST", f"{server.repository}/hooks", {"type": "gitea", "active": True, "config": config}
    ).raise_for_status()
    moved = f"{HOOK}/elsewhere"
    InternalProvider().update(server.id, outs, {**props, "webhookUrls": [moved]})
    assert server.hooks() == sorted([other, moved]), "ours has moved, somebody else's has not"


def test_the_reader_reads_this_repository_and_no_more(server: Server, props: dict[str, Any]) -> None:
    outs = InternalProvider().create(props).outs or {}
    token = outs["readPassword"]
    remote = Remote(f"{server.url}/cairn/{server.name}.git", outs["readUsername"], token, through_tunnel=True)
    assert deliver(Path(props["root"]), remote, "main").revision == outs["revision"], "git clones with it"
    change(props, "name: pushed by the reader\n")
    with pytest.raises(GitError, match="403"):
        deliver(Path(props["root"]), remote, "main")
    server.ask("POST", "/orgs/cairn/repos", {"name": "other", "private": True}).raise_for_status()
    try:
        assert server.ask("GET", "/repos/cairn/other", token=token).status_code == 404, "another stays hidden"
    finally:
        server.ask("DELETE", "/repos/cairn/other")
    assert server.ask("GET", "/user", token=token).status_code == 403, "the token is for repositories only"


def test_a_token_that_was_deleted_is_made_anew(server: Server, props: dict[str, Any]) -> None:
    outs = InternalProvider().create(props).outs or {}
    for token in server.ask("GET", "/users/argocd/tokens").json():
        server.ask("DELETE", f"/users/argocd/tokens/{token['id']}").raise_for_status()
    again = InternalProvider().update(server.id, outs, props).outs or {}
    assert again["readPassword"] != outs["readPassword"], "there is a new one"
    assert server.ask("GET", server.repository, token=again["readPassword"]).ok, "and it reads"


def test_wrong_credentials_are_told(server: Server, props: dict[str, Any]) -> None:
    with pytest.raises(GiteaError, match=r"401.*the password that Pulumi keeps for gitea-admin") as refused:
        InternalProvider().create({**props, "password": "wrong-password"})
    assert "wrong-password" not in str(refused.value), "the password is not shown"
    assert not server.ask("GET", server.repository).ok, "nothing was made"


def test_wrong_credentials_for_git_are_told(server: Server, props: dict[str, Any]) -> None:
    InternalProvider().create(props)
    external = {"root": props["root"], "branch": "main", "url": f"{server.url}/cairn/{server.name}.git"}
    with pytest.raises(GitError, match="refused the username and the password or token") as refused:
        ExternalProvider().create({**external, "username": "nobody", "token": "wrong-token"})
    assert "wrong-token" not in str(refused.value), "the token is not shown"


def test_an_external_repository_is_handed_to_and_never_deleted(server: Server, props: dict[str, Any]) -> None:
    gitea = Gitea(server.url, ADMINISTRATOR, PASSWORD)
    gitea.ensure_repository("cairn", server.name, "main")
    server.commit("README.md", "ours since long\n")
    external = {
        "root": props["root"],
        "branch": "main",
        "url": f"{server.url}/cairn/{server.name}.git",
        "username": ADMINISTRATOR,
        "token": PASSWORD,
    }
    made = ExternalProvider().create(external)
    outs = made.outs or {}
    assert server.tip() == outs["revision"], "the content is there"
    assert server.text("README.md") == "ours since long\n", "beside what was there"
    assert server.hooks() == [], "its webhooks are its owner's"
    ExternalProvider().delete(made.id, outs)
    assert server.tip() == outs["revision"], "and it stays when the stack goes"


def test_no_server_is_told(props: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"http://127.0.0.1:{_free_port()}"

    @contextmanager
    def tunnel(namespace: str, service: str, port: int, context: str) -> Iterator[str]:
        yield nowhere

    monkeypatch.setattr(provider, "tunnel", tunnel)
    with pytest.raises(GiteaError, match=r"expected an answer of http://127\.0\.0\.1:.*ConnectionError"):
        InternalProvider().create(props)
    external = {"root": props["root"], "branch": "main", "url": f"{nowhere}/a/b.git", "username": "a", "token": "b"}
    with pytest.raises(GitError, match=r"(?i)failed to connect|couldn't connect"):
        ExternalProvider().create(external)


def test_refresh_sees_whether_it_is_there(server: Server, props: dict[str, Any]) -> None:
    made = InternalProvider().create(props)
    outs = made.outs or {}
    assert InternalProvider().read(made.id, outs).id == made.id, "what is there stays in the stack"
    server.ask("DELETE", server.repository).raise_for_status()
    assert InternalProvider().read(made.id, outs).id == "", "what is gone is made again by the next `pulumi up`"
