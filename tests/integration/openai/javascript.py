"""OpenAI's npm client, installed once per lockfile under `.run/` from whatever registry npm is told to use."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.platform import ROOT

CLIENTS = ROOT / "tests" / "clients"
_INSTALLED_FROM = ("package.json", "package-lock.json", ".npmrc")
_BIN = Path(sys.prefix) / "bin"


def installed() -> Path:
    """The folder with `node_modules`. A registry that cannot be reached is a failure, never a skip."""
    content = b"\0".join((CLIENTS / name).read_bytes() for name in _INSTALLED_FROM)
    folder = ROOT / ".run" / "clients" / hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for name in _INSTALLED_FROM:
                shutil.copy(CLIENTS / name, folder)
            _run([str(_BIN / "npm"), "ci"], folder)
            (folder / "complete").touch()
    return folder


def official(base_url: str, case: str) -> Any:
    """What one case of `tests/clients/official.mjs` saw."""
    return json.loads(node((CLIENTS / "official.mjs").read_text(), base_url, case))


def node(script: str, *arguments: str, **environment: str) -> str:
    """What a module prints that may import the client."""
    argv = [str(_BIN / "node"), "--input-type=module", "--eval", script, "--", "eval", *arguments]
    return _run(argv, installed(), environment)


def _run(argv: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    env = os.environ | {"PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}"} | (environment or {})
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
