"""Delivery onto a branch that others commit to, with real repositories and no server.

Matrix: no branch yet · nothing new · new content · content taken back · others' commits, beside and inside the
content · others' deletions · the same change on both sides · conflicts (edit, deletion, first hand-over onto other
content) · somebody pushing at the same moment · a refusing server · a trailer on somebody else's commit · files that
git ignores.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from components.handover import content, delivery
from components.handover.command import Git, GitError, Remote
from components.handover.delivery import ConflictError, Delivered, deliver, tip_of
from components.handover.errors import HandOverError


class Place:
    """A clone's content on one side, a repository with a person working in it on the other."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        self.write("gitops/parts/a/a.yaml", "one: 1\ntwo: 2\nthree: 3\n")
        self.write("gitops/root/Chart.yaml", "name: root\n")
        self.bare = Git(folder / "remote.git")
        self.bare.folder.mkdir()
        self.bare("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare.folder))
        self.remote = Remote(str(self.bare.folder), "somebody", "no secret")
        self.desk = folder / "desk"
        self.person = Git(self.desk / ".git")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def deliver(self) -> Delivered:
        return deliver(self.root, self.remote, "main")

    def commit(self, path: str, text: str | None, message: str = "by hand") -> str:
        """A person commits and pushes a file; None deletes it."""
        self.desk.mkdir(exist_ok=True)
        (self.person.folder).mkdir(exist_ok=True)
        self.person("init", "--quiet", "--initial-branch=main", str(self.person.folder))
        if tip_of(self.remote, "main"):
            self.person("fetch", "--quiet", self.remote.url, "main")
            self.person("reset", "--quiet", "--hard", "FETCH_HEAD", work_tree=self.desk)
        file = self.desk / path
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.person("add", "--all", ".", work_tree=self.desk)
        self.person("commit", "--quiet", "--allow-empty", "-m", message, work_tree=self.desk)
        self.person("push", "--quiet", self.remote.url, "HEAD:refs/heads/main", work_tree=self.desk)
        return self.person("rev-parse", "HEAD").strip()

    def has(self, path: str) -> str:
        return self.bare("show", f"main:{path}")

    def files(self) -> list[str]:
        return self.bare("ls-tree", "-r", "--name-only", "main").split()

    def tip(self) -> str | None:
        return tip_of(self.remote, "main")

    def contains(self, commit: str) -> bool:
        return not self.bare.run("merge-base", "--is-ancestor", commit, "main", allowed=(0, 1)).returncode


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_first_one_makes_the_branch(place: Place) -> None:
    delivered = place.deliver()
    assert place.tip() == delivered.revision, "the revision is what the branch is at"
    assert place.files() == ["gitops/parts/a/a.yaml", "gitops/root/Chart.yaml"], "the content is all there is"
    message = place.bare("log", "-1", "--format=%B", "main")
    assert f"Cairn-Handover: {delivered.digest}" in message, "the trailer names the content"
    assert delivered.digest == content.digest(place.root), "a preview computes the same digest"


def test_nothing_new_adds_no_commit(place: Place) -> None:
    first = place.deliver()
    assert place.deliver() == first, "the same content is delivered once"
    theirs = place.commit("notes.md", "mine\n")
    assert place.deliver().revision == theirs, "nor is a commit added on top of somebody else's"


def test_new_content_follows_in_a_line(place: Place) -> None:
    first = place.deliver()
    place.write("gitops/parts/b/b.yaml", "b: 1\n")
    second = place.deliver()
    assert place.has("gitops/parts/b/b.yaml") == "b: 1\n", "what is new is there"
    assert place.bare("log", "--format=%H", "main").split() == [second.revision, first.revision], "no merge is needed"


def test_content_that_is_taken_back_is_taken_back_there(place: Place) -> None:
    place.write("gitops/parts/b/b.yaml", "b: 1\n")
    first = place.deliver()
    (place.root / "gitops/parts/b/b.yaml").unlink()
    place.deliver()
    assert "gitops/parts/b/b.yaml" not in place.files(), "a deleted part leaves the branch"
    place.write("gitops/parts/b/b.yaml", "b: 1\n")
    again = place.deliver()
    assert again.digest == first.digest, "the same content has the same digest"
    assert again.revision != first.revision, "yet it is delivered: the branch had moved on"
    assert "gitops/parts/b/b.yaml" in place.files(), "and so it is there again"


def test_commits_of_others_are_kept(place: Place) -> None:
    place.deliver()
    beside = place.commit("tenants/blue/team.yaml", "team: blue\n")
    inside = place.commit("gitops/parts/a/a.yaml", "one: 1\ntwo: 2\nthree: by hand\n")
    own = place.commit("gitops/parts/theirs/x.yaml", "x: 1\n")
    place.write("gitops/parts/a/a.yaml", "one: new\ntwo: 2\nthree: 3\n")
    place.write("gitops/root/Chart.yaml", "name: root\nversion: 2\n")
    place.deliver()
    assert all(place.contains(commit) for commit in (beside, inside, own)), "no commit is lost"
    assert place.has("tenants/blue/team.yaml") == "team: blue\n", "a file beside the content stays"
    assert place.has("gitops/parts/theirs/x.yaml") == "x: 1\n", "a part of theirs stays"
    merged = "one: new\ntwo: 2\nthree: by hand\n"
    assert place.has("gitops/parts/a/a.yaml") == merged, "lines of both sides are in one file"
    place.write("gitops/parts/b/b.yaml", "b: 2\n")
    place.deliver()
    assert place.has("gitops/parts/a/a.yaml") == merged, "and stay there at the next hand-over"


def test_a_deletion_by_others_is_kept(place: Place) -> None:
    place.deliver()
    place.commit("gitops/parts/a/a.yaml", None)
    place.write("gitops/root/Chart.yaml", "name: other\n")
    place.deliver()
    assert "gitops/parts/a/a.yaml" not in place.files(), "what somebody switched off is not switched on again"


def test_the_same_change_on_both_sides_is_no_conflict(place: Place) -> None:
    place.deliver()
    place.commit("gitops/root/Chart.yaml", "name: same\n")
    place.write("gitops/root/Chart.yaml", "name: same\n")
    place.deliver()
    assert place.has("gitops/root/Chart.yaml") == "name: same\n", "both wanted it"


def test_a_conflict_names_the_files_and_pushes_nothing(place: Place) -> None:
    place.deliver()
    place.commit("gitops/parts/a/a.yaml", "one: theirs\ntwo: 2\nthree: 3\n")
    theirs = place.commit("gitops/root/Chart.yaml", None)
    place.write("gitops/parts/a/a.yaml", "one: ours\ntwo: 2\nthree: 3\n")
    place.write("gitops/root/Chart.yaml", "name: changed\n")
    place.write("gitops/parts/c/c.yaml", "c: 1\n")
    with pytest.raises(ConflictError) as refused:
        place.deliver()
    assert refused.value.files == ["gitops/parts/a/a.yaml", "gitops/root/Chart.yaml"], "both, and only these"
    assert "gitops/parts/a/a.yaml, gitops/root/Chart.yaml" in str(refused.value), "the message names them"
    assert place.tip() == theirs, "the branch is where it was"
    place.commit("gitops/root/Chart.yaml", "name: changed\n")
    place.commit("gitops/parts/a/a.yaml", "one: ours\ntwo: 2\nthree: 3\n")
    place.deliver()
    assert place.has("gitops/parts/c/c.yaml") == "c: 1\n", "once the two agree, it goes through"


def test_a_repository_with_a_history_of_its_own_is_joined(place: Place) -> None:
    theirs = place.commit("README.md", "ours since long\n")
    place.deliver()
    assert place.contains(theirs), "its history stays"
    assert place.files() == ["README.md", "gitops/parts/a/a.yaml", "gitops/root/Chart.yaml"], "the content is added"


def test_a_first_hand_over_onto_other_content_is_a_conflict(place: Place) -> None:
    theirs = place.commit("gitops/root/Chart.yaml", "name: theirs\n")
    with pytest.raises(ConflictError, match=r"gitops/root/Chart\.yaml"):
        place.deliver()
    assert place.tip() == theirs, "what is there is not overwritten"


def test_a_push_in_between_is_taken_in(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deliver()
    place.write("gitops/parts/b/b.yaml", "b: 1\n")
    fetched, others = delivery._fetched, []

    def slow(git: Git, remote: Remote, branch: str) -> str | None:
        tip = fetched(git, remote, branch)
        if not others:
            others.append(place.commit("notes.md", "just now\n"))
        return tip

    monkeypatch.setattr(delivery, "_fetched", slow)
    place.deliver()
    assert place.contains(others[0]), "the commit that came in between is kept"
    assert place.has("gitops/parts/b/b.yaml") == "b: 1\n", "and the content is there"


def test_endless_pushes_in_between_end_in_an_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deliver()
    place.write("gitops/parts/b/b.yaml", "b: 1\n")
    fetched = delivery._fetched

    def slow(git: Git, remote: Remote, branch: str) -> str | None:
        tip = fetched(git, remote, branch)
        place.commit("notes.md", f"after {tip}\n")
        return tip

    monkeypatch.setattr(delivery, "_fetched", slow)
    with pytest.raises(HandOverError, match="each of 5 attempts"):
        place.deliver()


def test_a_server_that_refuses_is_told(place: Place) -> None:
    place.deliver()
    hook = place.bare.folder / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    place.write("gitops/parts/b/b.yaml", "b: 1\n")
    with pytest.raises(GitError, match="main is protected"):
        place.deliver()


def test_no_server_is_told(place: Place) -> None:
    with pytest.raises(GitError, match="does not appear to be a git repository"):
        deliver(place.root, Remote(str(place.root / "nowhere.git"), "a", "b"), "main")


def test_a_trailer_on_the_commit_of_another_is_not_believed(place: Place) -> None:
    first = place.deliver()
    place.commit("gitops/parts/a/a.yaml", "one: theirs\n", f"by hand\n\nCairn-Handover: {first.digest}")
    place.write("gitops/parts/b/b.yaml", "b: 1\n")
    place.deliver()
    assert place.has("gitops/parts/a/a.yaml") == "one: theirs\n", "merged by the real hand-over, theirs is kept"


def test_what_git_ignores_is_not_handed_over(place: Place) -> None:
    clean = content.digest(place.root)
    place.write(".gitignore", "*.log\n__pycache__/\n")
    place.write("gitops/x.log", "junk\n")
    place.write("policies/__pycache__/x.pyc", "junk\n")
    (place.root / "charts").mkdir()
    assert content.digest(place.root) == clean, "ignored files and empty folders are no content"
    place.write("components/x.py", "print()\n")
    assert content.digest(place.root) == clean, "nor is what lies in other folders"
    place.write("policies/limits/policy.yaml", "kind: x\n")
    assert content.digest(place.root) != clean, "a new file is"


def test_a_mode_is_content_too(place: Place) -> None:
    clean = content.digest(place.root)
    (place.root / "gitops/root/Chart.yaml").chmod(0o755)
    assert content.digest(place.root) != clean, "a script that became executable is a change"


def test_a_folder_without_content_is_told(tmp_path: Path) -> None:
    with pytest.raises(HandOverError, match="expected a folder gitops"):
        content.digest(tmp_path)


def test_the_setup_of_the_one_who_runs_it_does_not_matter(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = content.digest(place.root)
    home = place.root.parent / "home"
    home.mkdir()
    (home / "ignored").write_text("*.yaml\n")
    (home / ".gitconfig").write_text(f"[core]\n\texcludesFile = {home}/ignored\n")
    monkeypatch.setenv("HOME", str(home))
    assert content.digest(place.root) == clean, "the digest is the same on every machine"


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"])
def test_it_can_run_in_a_hook_of_git(place: Place, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    clean = content.digest(place.root)
    others = place.root.parent / "others"
    monkeypatch.setenv(variable, str(others))
    assert content.digest(place.root) == clean, "git's own variables point to the repository of the hook"
    assert not others.exists(), "and nothing is written there"


def test_a_password_is_neither_an_argument_nor_shown() -> None:
    remote = Remote("https://git.example.org/a/b.git", "me", "hunter2")
    assert "hunter2" not in repr(remote), "a remote can be printed"
    assert "hunter2" not in repr(Git(Path("x"), remote.settings())), "so can git"
    assert list(remote.settings()) == ["http.https://git.example.org/a/b.git.extraHeader"], "for this repository only"
