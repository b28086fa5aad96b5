"""The program that Pulumi runs: settings in, platform out."""

from __future__ import annotations

import pulumi

from components.platform import Platform
from components.settings import Settings
from components.upstream import Upstreams

platform = Platform("platform", Settings.load(), Upstreams.load())

for name, value in platform.exports().items():
    pulumi.export(name, value)
