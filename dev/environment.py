"""Makes `.venv` with uv from the compiled requirements; does nothing when it is up to date. Standard library only.

Run with the interpreter that the environment shall have: `python -m dev.environment`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dev.console import DevError, Step, failure, step
from dev.packages import apt_install

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".run" / "tools"
REQUIREMENTS = ROOT / "requirements.dev.txt"
STAMP = VENV / "plantao.stamp"

# What pip is told by the environment, in uv's words; uv's own variables win.
PIP_TO_UV = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_TRUSTED_HOST": "UV_INSECURE_HOST", "PIP_CERT": "SSL_CERT_FILE"}
UV_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")


def fingerprint() -> str:
    """What the environment must have been made from: requirements, Python, and where the checkout stands."""
    parts = [REQUIREMENTS.read_bytes(), sys.version.encode(), str(VENV).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def up_to_date() -> bool:
    return STAMP.exists() and STAMP.read_text() == fingerprint() and python_of(VENV).exists()


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def uv_environment(given: dict[str, str]) -> dict[str, str]:
    """The environment for uv: pip's index settings carried over where uv has none of its own."""
    env = dict(given)
    for pip_name, uv_name in PIP_TO_UV.items():
        named_already = uv_name in env or (uv_name in UV_INDEX_VARIABLES and any(v in env for v in UV_INDEX_VARIABLES))
        if pip_name in env and not named_already:
            env[uv_name] = env[pip_name]
    env["VIRTUAL_ENV"] = str(VENV)
    return env


def run(argv: list[str], what: str, env: dict[str, str] | None = None) -> None:
    """Run quietly. Raises DevError with the last lines of the output when it fails."""
    done = subprocess.run(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        tail = "\n    ".join(done.stdout.strip().splitlines()[-12:])
        raise DevError(f"{what} failed (exit {done.returncode}):\n    {tail}\n  Mend that and run again.")


def find_uv(current: Step) -> str:
    """uv, from the PATH or from `.run/tools`, installed there by whatever this machine has.

    Raises DevError with every way that was tried when none works.
    """
    found = existing_uv()
    tried = []
    for name, way in {"pip": uv_by_pip, "venv": uv_by_venv, "apt-get": uv_by_apt}.items():
        if found:
            break
        current.say(f"getting it by {name}")
        try:
            way()
        except DevError as error:
            tried.append(str(error).splitlines()[0])
        found = existing_uv()
    if not found:
        raise DevError(
            "uv is not here and could not be installed:\n  - " + "\n  - ".join(tried) + "\n"
            "  Install uv, or python3-venv (Debian, Ubuntu: apt-get install python3-venv), and run again."
        )
    return found


def uv_by_pip(python: str = sys.executable) -> None:
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        raise DevError(f"{python} has no pip.")
    run([python, "-m", "pip", "install", "--quiet", "--target", str(TOOLS / "uv"), "--upgrade", "uv"], "pip install uv")


def uv_by_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        raise DevError(f"{sys.executable} has no venv.")
    run([sys.executable, "-m", "venv", str(TOOLS / "uv")], "python -m venv")
    run([str(python_of(TOOLS / "uv")), "-m", "pip", "install", "--quiet", "uv"], "pip install uv")


def uv_by_apt() -> None:
    """Debian's own Python gets a pip, which then fetches uv; works for whatever interpreter we run with."""
    if shutil.which("apt-get") is None:
        raise DevError("There is no apt-get.")
    apt_install(["python3-pip"], TOOLS / "apt.log")
    uv_by_pip("/usr/bin/python3")


def existing_uv() -> str | None:
    """A uv that runs: shims of version managers may be there without a uv behind them."""
    for candidate in (shutil.which("uv"), shutil.which(str(TOOLS / "uv" / "bin" / "uv"))):
        if candidate and subprocess.run([candidate, "-V"], capture_output=True).returncode == 0:
            return candidate
    return None


def make_environment() -> None:
    """Make or refresh `.venv`. Raises DevError."""
    with step("uv, the package installer") as current:
        uv = find_uv(current)
    env = uv_environment(dict(os.environ))
    STAMP.unlink(missing_ok=True)
    with step(f"Virtual environment with Python {sys.version_info.major}.{sys.version_info.minor}"):
        run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV)], "uv venv", env)
    with step(f"Packages of {REQUIREMENTS.name}") as current:
        run([uv, "pip", "sync", "--quiet", str(REQUIREMENTS)], "uv pip sync", env)
        STAMP.write_text(fingerprint())


def main() -> int:
    if up_to_date():
        return 0
    print("Preparing this machine (once):", flush=True)
    try:
        make_environment()
    except DevError as error:
        failure(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
