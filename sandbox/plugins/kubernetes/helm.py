"""The helm command: its values go by a file that only this user can read, as they may be secret."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.plugins.kubernetes.settings import Settings
from sandbox.plugins.kubernetes.values import Tree


class HelmError(Exception):
    """What helm printed when it failed."""


def run(settings: Settings, *arguments: str) -> str:
    """Output of helm on the provider's cluster; raises HelmError."""
    with _kubeconfig(settings) as environment:
        context = ["--kube-context", settings.context] if settings.context else []
        try:
            done = subprocess.run(
                ["helm", *arguments, *context], env=environment, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise HelmError("expected the helm command on PATH; it is not there") from None
    if done.returncode:
        raise HelmError(f"helm {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def source(inputs: Tree) -> list[str]:
    """Options that say which chart: a folder, an archive's URL, `oci://`, or a name in a repository."""
    repository = inputs.get("repositoryOpts") or {}
    options = [str(inputs["chart"])]
    for key, option in (("version", "--version"),):
        if inputs.get(key):
            options += [option, str(inputs[key])]
    for key, option in (("repo", "--repo"), ("username", "--username"), ("caFile", "--ca-file")):
        if repository.get(key):
            options += [option, str(repository[key])]
    if inputs.get("skipCrds"):
        options.append("--skip-crds")
    if inputs.get("dependencyUpdate"):
        options.append("--dependency-update")
    return options


@contextmanager
def values(inputs: Tree) -> Iterator[list[str]]:
    """Options that give the values."""
    options = [item for file in inputs.get("valueYamlFiles") or [] for item in ("--values", _asset(file))]
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=True) as file:
        json.dump(inputs.get("values") or {}, file)
        file.flush()
        yield [*options, "--values", file.name]


def documents(settings: Settings, inputs: Tree, name: str, namespace: str) -> list[Tree]:
    """The objects that a chart renders to."""
    with values(inputs) as options:
        hooks = [] if inputs.get("includeHooks") else ["--no-hooks"]
        crds = [] if inputs.get("skipCrds") else ["--include-crds"]
        text = run(
            settings, "template", name, *source(inputs), "--namespace", namespace, "--dry-run=server",
            *hooks, *crds, *options,
        )  # fmt: skip
    return [document for document in yaml.load_all(text, Loader=LOADER) if document]


@contextmanager
def _kubeconfig(settings: Settings) -> Iterator[dict[str, str]]:
    """Environment with the provider's kubeconfig, which may be given as its content."""
    given = settings.kubeconfig
    if not given:
        yield dict(os.environ)
    elif Path(given.split(os.pathsep)[0]).exists() if "\n" not in given else False:
        yield {**os.environ, "KUBECONFIG": given}
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".kubeconfig") as file:
            file.write(given)
            file.flush()
            yield {**os.environ, "KUBECONFIG": file.name}


def _asset(file: Any) -> str:
    """A file of values, as Pulumi gives it: a path, or an asset with one."""
    return str(file.get("path")) if isinstance(file, dict) else str(file)


LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
