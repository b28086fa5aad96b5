"""What is handed over: folders of this repository, as git would track them."""

from __future__ import annotations

from pathlib import Path

from components.handover.command import Git, workspace
from components.handover.errors import HandOverError

FOLDERS = ("gitops", "policies", "crossplane", "charts", "backstage-templates")
"""What the GitOps engine and the portal read. The program itself stays here."""


def digest(root: Path) -> str:
    """Id of the git tree that holds FOLDERS, the same on every machine; raises HandOverError when there is none."""
    with workspace() as git:
        return tree(git, root)


def tree(git: Git, root: Path) -> str:
    """The same, with its files stored in git's repository."""
    there = [name for name in FOLDERS if any(path.is_file() for path in (root / name).rglob("*"))]
    if "gitops" not in there:
        raise HandOverError(f"expected a folder gitops with files in {root}, a clone of this repository; it has none")
    git("add", "--all", "--", *there, work_tree=root)
    return git("write-tree", work_tree=root).strip()
