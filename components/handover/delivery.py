"""How content gets onto a branch that others commit to as well.

What is handed over is a line of commits of its own, each with exactly the content as its tree and the tree's id in a
trailer. Every new one is merged onto the branch. The commit before it is therefore what git merges by: a change that
somebody made on the branch stays, unless the content changed the same lines, which is reported and nothing is pushed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components.handover import content
from components.handover.command import Git, GitError, Remote, workspace
from components.handover.errors import HandOverError

TRAILER = "Cairn-Handover"
ATTEMPTS = 5
"""How often somebody else's push may come in between."""


class ConflictError(HandOverError):
    """Somebody changed what the content changed too."""

    def __init__(self, files: list[str], branch: str, tip: str) -> None:
        self.files = files
        super().__init__(
            f"the hand-over and commits on {branch} (now {tip[:12]}) changed the same lines of: {', '.join(files)}; "
            f"nothing was pushed. Make the change of {branch} in this clone too, or take it back on {branch}, "
            "then run `pulumi up` again"
        )


@dataclass(frozen=True)
class Delivered:
    """What is on the branch now."""

    revision: str
    digest: str


def deliver(root: Path, remote: Remote, branch: str) -> Delivered:
    """Bring the content of `root` onto the branch; raises HandOverError and leaves the branch as it was."""
    with workspace(remote.settings()) as git:
        tree = content.tree(git, root)
        for _ in range(ATTEMPTS):
            tip = _fetched(git, remote, branch)
            revision = _merged(git, tree, tip, branch)
            if revision == tip or _pushed(git, remote, branch, revision, tip):
                return Delivered(revision, tree)
    raise HandOverError(f"somebody pushed to {branch} during each of {ATTEMPTS} attempts; run `pulumi up` again")


def tip_of(remote: Remote, branch: str) -> str | None:
    """The commit that the branch is at; None when it is not there."""
    with workspace(remote.settings()) as git:
        return _tip(git, remote, branch)


def _tip(git: Git, remote: Remote, branch: str) -> str | None:
    return git("ls-remote", remote.url, f"refs/heads/{branch}").partition("\t")[0] or None


def _fetched(git: Git, remote: Remote, branch: str) -> str | None:
    # git cannot fetch a branch that is not there, and a repository that was just made has none.
    if _tip(git, remote, branch) is None:
        return None
    git("fetch", "--quiet", "--no-tags", remote.url, f"+refs/heads/{branch}:refs/remotes/tip")
    return git("rev-parse", "refs/remotes/tip").strip()


def _merged(git: Git, tree: str, tip: str | None, branch: str) -> str:
    """A commit that has the content and all that was on the branch: the tip itself when nothing is new."""
    last = _last(git, tip) if tip else None
    if tip and last and last.tree == tree:
        return tip
    after = ["-p", last.commit] if last else []
    message = f"Hand over the platform's content\n\n{TRAILER}: {tree}"
    handed = git("commit-tree", tree, *after, "-m", message).strip()
    if tip is None or (last and last.commit == tip):
        return handed
    merge = git.run(
        "merge-tree", "--write-tree", "--name-only", "-z", "--allow-unrelated-histories", tip, handed, allowed=(0, 1)
    )
    merged, _, rest = merge.stdout.partition("\0")
    if merge.returncode:
        raise ConflictError(rest.partition("\0\0")[0].split("\0"), branch, tip)
    subject = f"Merge the platform's content into {branch}"
    return git("commit-tree", merged.strip(), "-p", tip, "-p", handed, "-m", subject).strip()


@dataclass(frozen=True)
class _Handed:
    commit: str
    tree: str


def _last(git: Git, tip: str) -> _Handed | None:
    trailer = f"%(trailers:key={TRAILER},valueonly,separator=%x20)"
    for line in git("log", "--topo-order", f"--format=%H %T {trailer}", tip).splitlines():
        commit, tree, *named = line.split()
        # A cherry-pick or a squash takes the trailer along, but not exactly the tree.
        if named == [tree]:
            return _Handed(commit, tree)
    return None


def _pushed(git: Git, remote: Remote, branch: str, revision: str, tip: str | None) -> bool:
    try:
        git("push", "--quiet", remote.url, f"{revision}:refs/heads/{branch}")
    except GitError:
        if _tip(git, remote, branch) == tip:
            raise
        return False
    return True
