"""The node's configuration: what is rendered, what the supervisor keeps alive, and where the commands are found."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path

import pytest
import yaml

from components.upstream import Upstreams
from sandbox.node import layout
from sandbox.paths import Paths


@pytest.fixture
def written(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setattr(layout, "has_capability", lambda _: False)
    layout.write(paths, Upstreams.load())
    return paths


def test_the_supervisor_restarts_each_part_for_as_long_as_it_runs(written: Paths) -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(written.home / "supervisord.conf")
    assert {name for name in config.sections() if name.startswith("program:")} == {
        "program:registry", "program:containerd", "program:kubelet",
    }  # fmt: skip
    for name in ("registry", "containerd", "kubelet"):
        program = config[f"program:{name}"]
        assert program["autorestart"] == "true", "whatever its exit status"
        assert int(program["startretries"]) > 100_000, (
            "a kubelet may fail for long before kubeadm has written its files"
        )
        assert program["stopasgroup"] == "false", "containers outlive a restart of containerd"
        assert program["stdout_logfile"].startswith(str(written.logs)) and program["stdout_logfile_maxbytes"]
    assert config["unix_http_server"]["chmod"] == "0700", "root alone commands it"


def test_containerd_asks_the_nodes_registry_for_every_upstream_host(written: Paths) -> None:
    hosts = {reference.partition("/")[0] for reference in Upstreams.load().images}
    found = {path.parent.name: path.read_text() for path in (written.home / "registry-mirrors").glob("*/hosts.toml")}
    assert found.keys() == hosts and "registry.k8s.io" in hosts
    for host, text in found.items():
        mirror = tomllib.loads(text)
        assert mirror["server"] == f"https://{host}", "what the registry does not have comes from upstream"
        assert list(mirror["host"]) == [f"http://{layout.REGISTRY}/v2/{host}"]


@pytest.mark.parametrize("capable", [True, False])
def test_containerd_is_told_where_scores_cannot_be_lowered(
    capable: bool, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "has_capability", lambda _: capable)
    layout.write(paths, Upstreams.load())
    text = (paths.home / "containerd.toml").read_text()
    tomllib.loads(text)
    assert f"restrict_oom_score_adj = {'false' if capable else 'true'}" in text


def test_kubeadm_is_given_the_pinned_version_and_the_audit_policy(written: Paths) -> None:
    upstreams = Upstreams.load()
    documents = {d["kind"]: d for d in yaml.safe_load_all((written.home / "kubeadm.yaml").read_text())}
    assert documents["ClusterConfiguration"]["kubernetesVersion"] == upstreams["kubernetes"].version
    assert documents["KubeletConfiguration"]["failCgroupV1"] is False
    policy = yaml.safe_load((written.home / "audit-policy.yaml").read_text())
    secrets = [rule for rule in policy["rules"] if "secrets" in str(rule)]
    assert secrets and all(rule["level"] in {"Metadata", "None"} for rule in secrets), "no secret in the audit log"


def test_the_same_input_gives_the_same_files(written: Paths) -> None:
    before = {path: path.read_bytes() for path in written.home.rglob("*") if path.is_file()}
    layout.write(written, Upstreams.load())
    assert {path: path.read_bytes() for path in written.home.rglob("*") if path.is_file()} == before


def test_links_follow_the_pins(paths: Paths) -> None:
    plugins = {name: paths.cache / name for name in ("bridge", "loopback", "host-local", "portmap")}
    layout.link_commands(paths, {**plugins, "kubectl": Path("/old"), "gone": Path("/gone")})
    layout.link_commands(paths, {**plugins, "kubectl": Path("/new")})
    assert (paths.bin / "kubectl").readlink() == Path("/new")
    assert not (paths.bin / "gone").is_symlink(), "a command that is pinned no more is not on PATH"
    assert {path.name for path in (paths.home / "cni" / "bin").iterdir()} == set(plugins)


def test_pods_are_not_given_a_name_server_on_the_loopback(tmp_path: Path) -> None:
    layout.write_resolver(tmp_path / "resolv.conf")
    assert "nameserver 127." not in (tmp_path / "resolv.conf").read_text()
