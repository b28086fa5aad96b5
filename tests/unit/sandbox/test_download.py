"""Downloads, from a publisher that is a web server of the test's: the right bytes are kept, all others refused."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.upstream import Command, Download, Upstream, Upstreams
from sandbox.build import download as module
from sandbox.build.download import DownloadError, Downloads, PulledImages, checksum
from sandbox.origin import Origin, OriginError, decide, reachable, remember
from sandbox.paths import Paths

SUM = "a" * 64


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a line per request."""

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "site"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def publish(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    (folder / f"{name}.sha256").write_text(f"{hashlib.sha256(content).hexdigest()}  {name}\n")


def archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as written:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            written.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def downloads(paths: Paths, url: str, version: str = "v1.2.3", **more: object) -> Downloads:
    download = Download.model_validate({"url": url, "sha256": "{url}.sha256", **more})
    commands = {
        "tool": Command(workspace="w", package="p", upstream="tool", download=download),
        "only-in-an-image": Command(workspace="w", package="p", upstream="tool"),
    }
    upstream = Upstream(name="tool", version=version, licence="MIT", source="s")
    return Downloads(paths, Upstreams(upstreams={"tool": upstream}, commands=commands, bases={}, images={}))


def test_a_command_by_itself(site: tuple[Path, str], paths: Paths) -> None:
    folder, url = site
    publish(folder, "tool-v1.2.3-1.2.3", b"binary")
    found = downloads(paths, url + "/tool-{version}-{bare}")
    assert found.missing() == ["tool"]
    found.fetch("tool")
    path = found.current("tool")
    assert path and path.read_bytes() == b"binary" and path.stat().st_mode & 0o111
    assert found.missing() == []
    assert downloads(paths, url, version="v1.2.4").missing() == ["tool"], "another pin is another download"


def test_a_command_in_an_archive_with_what_it_needs_beside(site: tuple[Path, str], paths: Paths) -> None:
    folder, url = site
    publish(folder, "tool.tgz", archive({"./bin/the-tool": b"binary", "bin/tool-exec": b"e", "../evil": b"x"}))
    found = downloads(paths, url + "/tool.tgz", member="bin/the-tool", beside=["bin/tool-exec"])
    found.fetch("tool")
    path = found.current("tool")
    assert path and path.read_bytes() == b"binary"
    assert {entry.name for entry in path.parent.iterdir()} == {"tool", "tool-exec"}, "and nothing else"


@pytest.mark.parametrize("fault", ["tampered", "no sum", "no release", "no member"])
def test_what_is_not_as_published_is_refused_and_leaves_nothing(
    fault: str, site: tuple[Path, str], paths: Paths
) -> None:
    folder, url = site
    publish(folder, "tool.tgz", archive({"tool": b"binary"}))
    if fault == "tampered":
        (folder / "tool.tgz").write_bytes(archive({"tool": b"other"}))
    if fault == "no sum":
        (folder / "tool.tgz.sha256").write_text("<html>not found</html>")
    if fault == "no release":
        (folder / "tool.tgz").unlink()
    found = downloads(paths, url + "/tool.tgz", member="another" if fault == "no member" else "tool")
    with pytest.raises(DownloadError, match=r"expected|could not be downloaded"):
        found.fetch("tool")
    assert found.missing() == ["tool"]


def test_checksums_are_found_in_the_forms_that_publishers_use() -> None:
    assert checksum(f"{SUM}\n", "x", "w") == SUM, "a sum alone (dl.k8s.io)"
    assert checksum(f"{'b' * 64}  y\n{SUM} *dist/x\n", "x", "w") == SUM, "a list"
    with pytest.raises(DownloadError, match="w: expected a SHA-256 of x"):
        checksum(f"{SUM}  y\n", "x", "w")


def test_images_are_copied_with_upstreams_digest(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(module, "run", lambda command, **_: ran.append([str(word) for word in command]))
    upstreams = Upstreams.load()
    reference = upstreams["kubernetes"].image("pause")
    images = PulledImages(upstreams, paths, {"crane": Path("crane")}, Path, Path, "127.0.0.1:5000")
    assert reference in images.missing()
    images.make(reference, paths.home / "log")
    assert ran == [["crane", "copy", "--platform=linux/amd64", reference, f"127.0.0.1:5000/{reference}"]]
    assert reference not in images.missing()


def test_a_publisher_is_reached_when_it_answers_with_a_checksum(site: tuple[Path, str]) -> None:
    folder, url = site
    publish(folder, "kubectl", b"x")
    assert reachable(f"{url}/kubectl.sha256") is True
    (folder / "portal").write_text("<html>please log in</html>")
    assert reachable(f"{url}/portal") is False, "a proxy's page"
    assert reachable(f"{url}/none") is False
    assert reachable("http://127.0.0.1:1/none") is False, "nobody listens"


def test_the_origin_is_decided_once(site: tuple[Path, str], paths: Paths) -> None:
    folder, url = site
    probe = f"{url}/kubectl.sha256"
    assert decide(paths, probe, {}) == (Origin.BUILD, "publishers cannot be reached: building from modules")
    publish(folder, "kubectl", b"x")
    origin, why = decide(paths, probe, {})
    assert origin is Origin.DOWNLOAD and "can be reached" in why, "asking alone keeps nothing"
    remember(paths, Origin.BUILD)
    assert decide(paths, probe, {})[0] is Origin.BUILD, "a network that comes back does not change a node"
    assert decide(paths, probe, {"CAIRN_SOURCE": "download"})[0] is Origin.DOWNLOAD, "but one may say so"
    with pytest.raises(OriginError, match="CAIRN_SOURCE: expected one of download, build, got 'both'"):
        decide(paths, probe, {"CAIRN_SOURCE": "both"})


def test_the_node_can_be_made_of_the_releases() -> None:
    upstreams = Upstreams.load()
    needed = {"kubeadm", "kubelet", "kubectl", "containerd", "containerd-shim-runc-v2", "registry", "crane", "helm",
              "pulumi", "bridge", "loopback", "host-local", "portmap"}  # fmt: skip
    released = {name for name, command in upstreams.commands.items() if command.download}
    assert needed <= released, "what runs outside of images is released"
    for name, command in upstreams.commands.items():
        if command.download:
            assert "{version}" in command.download.url, f"{name}: the pin decides on the release"
