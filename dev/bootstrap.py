"""First step of every make target: find a fitting Python, hand over to `dev.environment`.

Standard library only, and old syntax only, so that an old `python3` gets as far as the message.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWEST = (3, 13)
MISSING = """✗ Plantão needs Python 3.11, 3.12 or 3.13; {} is {}.{} and no other was found on the PATH.
  Install one (Debian 12: apt-get install python3; macOS: brew install python@3.12; anywhere: uv) and run again,
  or name one: make PYTHON=/path/to/python3.12 …"""
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def fits(version: tuple) -> bool:
    return OLDEST <= tuple(version[:2]) <= NEWEST


def version_of(command: str) -> tuple:
    """(major, minor) of an interpreter, () where it does not run (pyenv leaves such shims)."""
    probe = "import sys; print('%d %d' % sys.version_info[:2])"
    try:
        answer = subprocess.check_output([command, "-c", probe], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(part) for part in answer.split())


def from_path() -> str:
    """The newest interpreter on the PATH that fits, or an empty string."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        command = shutil.which(f"python3.{minor}")
        if command and version_of(command) == (3, minor):
            return command
    return ""


def from_uv() -> str:
    """An interpreter that uv knows or can fetch, or an empty string."""
    uv = shutil.which("uv")
    if not uv:
        return ""
    print("  … Python 3.12 by uv", flush=True)
    if subprocess.call([uv, "python", "install", "--quiet", "3.12"]) != 0:
        return ""
    return subprocess.check_output([uv, "python", "find", "3.12"]).decode().strip()


def main() -> None:
    python = sys.executable if fits(sys.version_info) else from_path() or from_uv()
    if not python:
        sys.exit(MISSING.format(sys.executable, *sys.version_info[:2]))
    sys.exit(subprocess.call([python, "-m", "dev.environment"], cwd=ROOT))


if __name__ == "__main__":
    main()
