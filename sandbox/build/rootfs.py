"""Root file systems of images, made by mmdebstrap from Debian packages and cached by what was asked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from components.upstream import Base
from sandbox.paths import Paths
from sandbox.process import run

# Documentation and translations: half of a small image, read by nobody in a container.
LEFT_OUT = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/var/cache/*"]


def key(base: Base) -> str:
    """Content key of a base: the same packages give the same file until the cache is emptied."""
    recipe = json.dumps([base.model_dump(), LEFT_OUT])
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


def tarball(name: str, base: Base, paths: Paths) -> Path:
    """Where the base lies (or will lie) in the cache; a list of its packages lies beside it as `.packages`."""
    return paths.cache / "bases" / f"{name}-{key(base)}.tar.gz"


def make(name: str, base: Base, paths: Paths, log: Path) -> Path:
    """The base's compressed tar file, made unless it is there."""
    target = tarball(name, base, paths)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{name}.partial.tar.gz")
    packages = target.with_name(target.name.removesuffix(".tar.gz") + ".packages")
    run(
        [
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=essential",
            f"--include={','.join(base.packages)}",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
            f"--customize-hook=chroot \"$1\" dpkg-query -W -f '${{Package}} ${{Version}}\\n' > {packages}",
            base.suite,
            partial,
        ],
        log=log,
    )
    partial.replace(target)
    return target
