"""/etc/hosts: names are added once, replaced, and taken out without touching another line."""

from pathlib import Path

from sandbox import hosts

OTHERS = "127.0.0.1 localhost\n10.0.0.7 printer\n"


def test_names_are_written_replaced_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text(OTHERS)
    hosts.write(["git.example.test"], file)
    assert "127.0.0.1 git.example.test" in file.read_text()
    hosts.write(["argocd.example.test"], file)
    assert "git.example.test" not in file.read_text(), "a second call replaces the first one's names"
    hosts.remove(file)
    assert file.read_text() == OTHERS, "what others wrote stays as it was"


def test_removing_twice_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text(OTHERS)
    hosts.remove(file)
    assert file.read_text() == OTHERS
