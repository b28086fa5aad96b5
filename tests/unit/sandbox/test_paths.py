"""Where things lie: by default, and as the environment says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.paths import REPOSITORY, Paths, default_cache, default_home


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_HOME", "/one")
    monkeypatch.setenv("CAIRN_CACHE", "/two")
    assert Paths() == Paths(Path("/one"), Path("/two"))


@pytest.mark.parametrize(("folder", "expected"), [("/x", "/x/cairn"), (None, "/somebody/.cache/cairn")])
def test_the_cache_is_where_the_user_keeps_caches(
    folder: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAIRN_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/somebody")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if folder:
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
    assert default_cache() == Path(expected)


def test_nothing_is_written_into_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAIRN_HOME", raising=False)
    monkeypatch.delenv("CAIRN_CACHE", raising=False)
    assert not default_home().is_relative_to(REPOSITORY)
    assert not default_cache().is_relative_to(REPOSITORY)


def test_what_down_removes_is_in_the_home_and_what_it_keeps_in_the_cache(paths: Paths) -> None:
    removed = [paths.logs, paths.run, paths.kubeconfig, paths.authority, paths.ca_certificate, paths.volumes, paths.bin]
    assert all(path.is_relative_to(paths.home) for path in removed)
    assert all(path.is_relative_to(paths.cache) for path in (paths.bundle, paths.timings))
