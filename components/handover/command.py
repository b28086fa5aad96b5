"""git, run apart from the configuration and the repository of who runs it."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from components.handover.errors import HandOverError

AUTHOR = "Cairn"
EMAIL = "cairn@localhost.invalid"
USAGE = 129
"""git's exit code for arguments that it does not know."""
TIMEOUT = 300
"""Seconds for one command; what a clone of a large repository over a slow line may take."""

SETTINGS = {
    # What is handed over must not depend on how the one who runs Pulumi has set up git.
    "core.autocrlf": "false",
    "core.excludesFile": os.devnull,
    "core.attributesFile": os.devnull,
    "core.hooksPath": os.devnull,
    "commit.gpgSign": "false",
    "credential.helper": "",
    "gc.auto": "0",
}


class GitError(HandOverError):
    """git said no."""


@dataclass(frozen=True)
class Remote:
    """A repository and who asks."""

    url: str
    username: str
    password: str = field(repr=False)
    through_tunnel: bool = False
    """Whether the address is a forwarded port of this machine, which no proxy can reach."""

    def settings(self) -> dict[str, str]:
        """git's configuration for it. It travels in the environment, since arguments are seen by every process."""
        basic = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        header = {f"http.{self.url}.extraHeader": f"Authorization: Basic {basic}"}
        return {**header, f"http.{self.url}.proxy": ""} if self.through_tunnel else header


@dataclass(frozen=True)
class Git:
    """git with a bare repository of its own, and any folder as its work tree."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, *arguments: str, work_tree: Path | None = None, allowed: tuple[int, ...] = (0,)) -> str:
        """Run a command and give what it wrote; raises GitError with git's own words."""
        return self.run(*arguments, work_tree=work_tree, allowed=allowed).stdout

    def run(
        self, *arguments: str, work_tree: Path | None = None, allowed: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        """The same with the exit code."""
        tree = [f"--work-tree={work_tree}"] if work_tree else []
        try:
            done = subprocess.run(
                ["git", f"--git-dir={self.folder}", *tree, *arguments],
                cwd=work_tree or self.folder,
                env=self._environment(),
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=TIMEOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise GitError("git: expected the command on the PATH, version 2.38 or newer; it is not there") from error
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {arguments[0]}: expected an end within {TIMEOUT} s; there was none") from error
        if done.returncode not in allowed:
            raise GitError(f"git {arguments[0]} failed: {_told(done)}")
        return done

    def _environment(self) -> dict[str, str]:
        # A hook of git that runs Pulumi would point this git at its own repository.
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith("GIT_SSL_")
        }
        settings = {**SETTINGS, **self.settings}
        numbered = [
            (f"GIT_CONFIG_{part}_{index}", text)
            for index, pair in enumerate(settings.items())
            for part, text in zip(("KEY", "VALUE"), pair, strict=True)
        ]
        return {
            **inherited,
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": str(len(settings)),
            **dict(numbered),
            **{f"GIT_{role}_NAME": AUTHOR for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": EMAIL for role in ("AUTHOR", "COMMITTER")},
        }


def _told(done: subprocess.CompletedProcess[str]) -> str:
    told = done.stderr.strip() or done.stdout.strip()
    if done.returncode == USAGE:
        return f"expected git of version 2.38 or newer, which knows this command ({told.splitlines()[0]})"
    # git would ask a person for other credentials, and complains that it may not.
    refused = "terminal prompts disabled" in told
    return f"the server refused the username and the password or token that it was given ({told})" if refused else told


@contextmanager
def workspace(settings: Mapping[str, str] | None = None) -> Iterator[Git]:
    """git in an empty repository that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cairn-handover-") as folder:
        git = Git(Path(folder), settings or {})
        git("init", "--quiet", "--bare", "--initial-branch=main", folder)
        yield git
