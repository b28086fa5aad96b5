"""One layer of an image as a tar file that is the same, bit for bit, whenever its content is."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

ROOT_ACCOUNTS = "root:x:0:0:root:/root:/usr/sbin/nologin\n"
ROOT_GROUPS = "root:x:0:\n"


class Layer:
    """A tar file being written: owners and modes are given, times are zero."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, tuple[tarfile.TarInfo, Path | bytes | None]] = {}

    def directory(self, path: str, owner: str = "0:0", mode: int = 0o755) -> None:
        """An (empty) directory."""
        info = self._entry(path, owner, mode)
        info.type = tarfile.DIRTYPE
        self.entries[info.name] = (info, None)

    def file(self, path: str, content: Path | bytes, owner: str = "0:0", mode: int = 0o644) -> None:
        """A regular file."""
        info = self._entry(path, owner, mode)
        info.size = len(content) if isinstance(content, bytes) else content.stat().st_size
        self.entries[info.name] = (info, content)

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        info = self._entry(path, "0:0", 0o777)
        info.type, info.linkname = tarfile.SYMTYPE, target
        self.entries[info.name] = (info, None)

    def tree(self, source: Path, path: str) -> None:
        """A file, or a folder with all that is in it."""
        if source.is_file():
            self.file(path, source, mode=0o755 if source.stat().st_mode & 0o111 else 0o644)
            return
        for child in sorted(source.rglob("*")):
            if child.is_file():
                self.file(
                    f"{path.rstrip('/')}/{child.relative_to(source)}", child, mode=child.stat().st_mode & 0o755 | 0o644
                )

    def accounts(self, accounts: dict[str, str], base: Path | None) -> None:
        """passwd and group of the base with these accounts (`uid:gid:home`) in place of any of the same name."""
        passwd, group = (_read(base, f"./etc/{name}") if base else "" for name in ("passwd", "group"))
        kept_users = [line for line in (passwd or ROOT_ACCOUNTS).splitlines() if line.split(":")[0] not in accounts]
        kept_groups = [line for line in (group or ROOT_GROUPS).splitlines() if line.split(":")[0] not in accounts]
        for name, value in accounts.items():
            user, group_id, home = value.split(":")
            kept_users.append(f"{name}:x:{user}:{group_id}::{home}:/bin/sh")
            kept_groups.append(f"{name}:x:{group_id}:")
        self.file("/etc/passwd", ("\n".join(kept_users) + "\n").encode())
        self.file("/etc/group", ("\n".join(kept_groups) + "\n").encode())

    def make_executable(self, path: str) -> None:
        """Set the executable bits of a file that is already there: module archives do not keep them."""
        self.entries[path.lstrip("/")][0].mode = 0o755

    def write(self) -> Path:
        """Write the tar file: parents first, in order of the paths."""
        with tarfile.open(self.path, "w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted(self._parents() - self.entries.keys()):
                info = self._entry(name, "0:0", 0o755)
                info.type = tarfile.DIRTYPE
                self.entries[name] = (info, None)
            for _, (info, content) in sorted(self.entries.items()):
                if isinstance(content, Path):
                    with content.open("rb") as stream:
                        archive.addfile(info, stream)
                else:
                    archive.addfile(info, io.BytesIO(content) if content is not None else None)
        return self.path

    def _parents(self) -> set[str]:
        """Folders of the entries, but for those at the top and in usr, which bases have as links (/bin, /lib)."""
        parents = {str(parent) for name in self.entries for parent in Path(name).parents}
        return {parent for parent in parents if parent not in {".", "usr", "etc", "var"} and parent.count("/") > 0}

    @staticmethod
    def _entry(path: str, owner: str, mode: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(path.lstrip("/"))
        user, group = owner.split(":")
        info.uid, info.gid, info.mode, info.mtime = int(user), int(group), mode, 0
        return info


def _read(archive: Path, member: str) -> str:
    with tarfile.open(archive) as opened:
        stream = opened.extractfile(member)
        return stream.read().decode() if stream else ""
