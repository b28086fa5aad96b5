"""The only reader of upstream.yaml: what is installed of others, at which version, and where it comes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import requests
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PINS = Path(__file__).resolve().parent.parent / "upstream.yaml"
BUNDLE_VARIABLE = "CAIRN_BUNDLE"
"""Environment variable: a folder `<upstream>/<path>` of manifests and charts, for a machine that cannot download."""

DOWNLOAD_TIMEOUT = 60.0
"""Seconds without an answer after which a manifest's publisher counts as unreachable."""


class UpstreamError(LookupError):
    """Something is asked of upstream.yaml that it does not hold, or its publisher does not answer."""


class Model(BaseModel):
    """A part of upstream.yaml: unknown keys are refused, so that a typo cannot pass for a pin."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Published(Model):
    """A chart or manifest."""

    url: str
    """Where its publisher serves it."""
    path: str
    """Where it lies inside the upstream's Go module."""


class Upstream(Model):
    """One product of others."""

    name: str = ""
    version: str
    licence: str
    source: str
    module: str | None = None
    """Path of the Go module that holds its source, its manifest and its chart."""
    manifest: Published | None = None
    chart: Published | None = None
    images: dict[str, str] = Field(default_factory=dict)

    def image(self, name: str | None = None) -> str:
        """The full reference of one of its images; `name` defaults to the upstream's own."""
        key = name or self.name
        if key not in self.images:
            raise UpstreamError(
                f"upstream.yaml: upstreams.{self.name}.images.{key}: not there; known: {sorted(self.images)}"
            )
        return self.images[key]

    def documents(self) -> list[dict[str, Any]]:
        """The objects of its install manifest, from the local bundle when there is one, else from its publisher.

        Raises UpstreamError when it has no manifest or when its publisher does not answer.
        """
        if self.manifest is None:
            raise UpstreamError(f"upstream.yaml: upstreams.{self.name}.manifest: not there")
        return [document for document in yaml.load_all(self._text(self.manifest), Loader=LOADER) if document]

    def chart_reference(self) -> str:
        """What to give as a Helm chart: a folder of the local bundle, else the publisher's URL."""
        if self.chart is None:
            raise UpstreamError(f"upstream.yaml: upstreams.{self.name}.chart: not there")
        bundle = os.environ.get(BUNDLE_VARIABLE)
        return str(Path(bundle) / self.name / self.chart.path) if bundle else self.chart.url

    def _text(self, published: Published) -> str:
        if bundle := os.environ.get(BUNDLE_VARIABLE):
            path = Path(bundle) / self.name / published.path
            if not path.is_file():
                raise UpstreamError(
                    f"{BUNDLE_VARIABLE}: expected {self.name}'s manifest at {path}, but it is not there"
                )
            return path.read_text()
        try:
            answer = requests.get(published.url, timeout=DOWNLOAD_TIMEOUT)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise UpstreamError(
                f"{self.name} {self.version}: its manifest could not be downloaded from {published.url} ({error}); "
                f"on a machine without access, set {BUNDLE_VARIABLE} to a folder with {self.name}/{published.path}"
            ) from error
        return answer.text


class Download(Model):
    """A release of a command; `{version}` and `{bare}` (without its v) stand for the upstream's version."""

    url: str
    sha256: str
    """Where the publisher has its checksum; `{url}` stands for the release's."""
    member: str | None = None
    """Its path in the archive; none is a release that is the command itself."""
    beside: list[str] = Field(default_factory=list)
    """Other files of the archive that it needs beside it."""


class Command(Model):
    """How the sandbox gets a command: the release where it can be downloaded, else a build."""

    workspace: str
    """Folder under sandbox/commands whose go.mod pins it."""
    package: str
    upstream: str
    alone: bool = False
    """Compile it in a run of its own."""
    download: Download | None = None
    """None: needed only in an image, and upstream's image has it."""


class Base(Model):
    """A root file system made of Debian packages."""

    suite: str
    packages: list[str]


class Compiled(Model):
    """One C file of an upstream, linked statically."""

    upstream: str
    path: str


class Copy(Model):
    """Files out of an upstream's module, or of a web frontend that was built of it."""

    upstream: str | None = None
    frontend: str | None = None
    source: Annotated[str, Field(alias="from")]
    to: str


class Image(Model):
    """What stands in an image that the sandbox makes because it cannot pull it."""

    base: str | None = None
    """A key of `bases`; none is an empty image."""
    commands: dict[str, str] = Field(default_factory=dict)
    """Command -> its path in the image."""
    compiled: dict[str, Compiled] = Field(default_factory=dict)
    copies: list[Copy] = Field(default_factory=list)
    executable: list[str] = Field(default_factory=list)
    links: dict[str, str] = Field(default_factory=dict)
    """Path of a symbolic link -> what it points to."""
    directories: dict[str, str] = Field(default_factory=dict)
    """Path -> `uid:gid:mode`."""
    accounts: dict[str, str] = Field(default_factory=dict)
    """Name -> `uid:gid:home`."""
    user: str | None = None
    workdir: str | None = None
    env: dict[str, str] = Field(default_factory=dict)
    entrypoint: list[str] = Field(default_factory=list)
    cmd: list[str] = Field(default_factory=list)


class Upstreams(Model):
    """The whole of upstream.yaml."""

    upstreams: dict[str, Upstream]
    commands: dict[str, Command]
    bases: dict[str, Base]
    images: dict[str, Image]

    @classmethod
    def load(cls, path: Path = PINS) -> Upstreams:
        """Read and validate the pins; raises UpstreamError naming the key that is wrong."""
        raw = yaml.load(path.read_text(), Loader=LOADER)
        for name, upstream in raw.get("upstreams", {}).items():
            upstream["name"] = name
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise UpstreamError(f"{path.name}: {key}: {first['msg']}, got {first.get('input')!r}") from error

    def __getitem__(self, name: str) -> Upstream:
        if name not in self.upstreams:
            raise UpstreamError(f"upstream.yaml: upstreams.{name}: not there; known: {sorted(self.upstreams)}")
        return self.upstreams[name]


# The C loader reads Argo CD's two megabytes of manifest in a tenth of the time.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
