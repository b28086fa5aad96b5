"""Files that are whole or not there: a write that is interrupted at any point leaves the old content."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sandbox import files


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    files.write(path, "one")
    files.write(path, "two")
    assert path.read_text() == "two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"], "nothing is left beside it"


def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        files.write(tmp_path / "secret", "s", mode=0o600)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_killed_before_the_rename_the_old_content_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    files.write(path, "old")
    monkeypatch.setattr(os, "fsync", _killed)
    with pytest.raises(KeyboardInterrupt):
        files.write(path, "new")
    assert path.read_text() == "old"
    monkeypatch.undo()
    files.write(path, "newer")
    assert path.read_text() == "newer", "what the killed one left does not disturb the next"


def test_a_folder_that_is_half_filled_does_not_take_its_place(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with files.folder(target) as filling:
        (filling / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), files.folder(target) as filling:
        (filling / "a").write_text("half")
        raise KeyboardInterrupt
    assert (target / "a").read_text() == "old"
    with files.folder(target) as filling:
        assert list(filling.iterdir()) == [], "the next begins with an empty one"
        (filling / "b").write_text("new")
    assert [path.name for path in target.iterdir()] == ["b"], "and replaces the whole"


def test_a_link_is_replaced_at_once(tmp_path: Path) -> None:
    files.link(tmp_path / "link", Path("one"))
    files.link(tmp_path / "link", Path("two"))
    assert (tmp_path / "link").readlink() == Path("two")
    assert len(list(tmp_path.iterdir())) == 1


def _killed(_: int) -> None:
    raise KeyboardInterrupt
