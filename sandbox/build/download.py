"""Commands as their publishers release them, checked by the checksums that they publish; images as they push them."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import requests

from components.upstream import Upstreams
from sandbox import files
from sandbox.build.images import Images
from sandbox.paths import Paths
from sandbox.process import run

TIMEOUT = 30.0
"""Seconds without a byte after which a download has failed."""

BLOCK = 1 << 20


class DownloadError(RuntimeError):
    """A release could not be had, or is not what its publisher says."""


class Downloads:
    """The commands of upstream.yaml that have a `download`, cached by version."""

    def __init__(self, paths: Paths, upstreams: Upstreams) -> None:
        self.folder = paths.cache / "commands"
        self.upstreams = upstreams
        self.commands = {name: command for name, command in upstreams.commands.items() if command.download}

    def missing(self) -> list[str]:
        """Commands that are not in the cache at the pinned version."""
        return [name for name in self.commands if self.current(name) is None]

    def current(self, name: str) -> Path | None:
        """The command, if the cache has it."""
        path = self._target(name) / name
        return path if path.exists() else None

    def fetch(self, name: str) -> None:
        """Download a command; raises DownloadError."""
        download = self.commands[name].download
        assert download is not None
        url, sums = self.urls(name)
        with files.folder(self._target(name)) as target:
            archive = target / ".archive"
            self._save(url, archive)
            expected = checksum(self._get(sums).text, file_name(url), sums)
            with archive.open("rb") as stream:
                given = hashlib.file_digest(stream, "sha256").hexdigest()
            if given != expected:
                raise DownloadError(f"{name}: expected {url} to have the SHA-256 {expected} of {sums}, got {given}")
            if download.member is None:
                archive.rename(target / name)
            else:
                for member in (download.member, *download.beside):
                    extract(archive, member, target / PurePosixPath(member).name)
                (target / PurePosixPath(download.member).name).rename(target / name)
                archive.unlink()
            for path in target.iterdir():
                path.chmod(0o755)

    def urls(self, name: str) -> tuple[str, str]:
        """Where a command and its checksums are published."""
        command = self.commands[name]
        assert command.download is not None
        version = self.upstreams[command.upstream].version
        values = {"version": version, "bare": version.removeprefix("v")}
        url = command.download.url.format(**values)
        return url, command.download.sha256.format(url=url, **values)

    def _target(self, name: str) -> Path:
        command = self.commands[name]
        return self.folder / name / f"release-{self.upstreams[command.upstream].version}"

    @staticmethod
    def _get(url: str) -> requests.Response:
        try:
            answer = requests.get(url, timeout=TIMEOUT, stream=True)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise DownloadError(f"{url} could not be downloaded ({error}); CAIRN_SOURCE=build builds it") from error
        return answer

    def _save(self, url: str, path: Path) -> None:
        try:
            with self._get(url) as answer, path.open("wb") as stream:
                for block in answer.iter_content(BLOCK):
                    stream.write(block)
        except requests.RequestException as error:  # it broke off
            raise DownloadError(f"{url} could not be downloaded ({error}); CAIRN_SOURCE=build builds it") from error


class PulledImages(Images):
    """Upstream's own images, copied to the node's registry with their digests."""

    def make(self, reference: str, log: Path) -> None:
        """Copy one image."""
        copy: list[str | Path] = [
            self.commands["crane"],
            "copy",
            "--platform=linux/amd64",
            reference,
            f"{self.registry}/{reference}",
        ]
        run(copy, log=log)
        files.write(self._marker(reference), self.key(reference))

    def key(self, reference: str) -> str:
        """An image of upstream's is what its reference says."""
        return f"pulled {reference}"


def checksum(text: str, name: str, where: str) -> str:
    """The SHA-256 of a file in a list of checksums (`<sum>  <name>`), or of a file that is just a sum."""
    lines = [line.split() for line in text.splitlines() if re.match(r"[0-9a-f]{64}\b", line)]
    for words in lines:
        if len(words) > 1 and PurePosixPath(words[-1].removeprefix("*")).name == name:
            return words[0]
    if len(lines) == 1 and len(lines[0]) == 1:
        return lines[0][0]
    raise DownloadError(f"{where}: expected a SHA-256 of {name}, found none")


def file_name(url: str) -> str:
    """The last part of a URL's path."""
    return PurePosixPath(unquote(urlsplit(url).path)).name


def extract(archive: Path, member: str, target: Path) -> None:
    """Take one regular file out of a tar file; the rest, with whatever paths it has, is not touched."""
    with tarfile.open(archive) as opened:
        for entry in opened:
            if entry.isfile() and PurePosixPath(entry.name) == PurePosixPath(member):
                content = opened.extractfile(entry)
                assert content is not None
                with content, target.open("wb") as stream:
                    shutil.copyfileobj(content, stream)
                return
    raise DownloadError(f"{archive.name}: expected {member} in it, found no such file")
