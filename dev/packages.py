"""System packages: what this user may install, and how. Standard library only."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from dev.console import DevError

APT_LISTS = Path("/var/lib/apt/lists")
APT_OPTIONS = ["-y", "-q", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120"]


def root_prefix() -> list[str] | None:
    """What to put before a command to run it as root without a question; None where that is not possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def apt_install(names: list[str], log: Path) -> None:
    """Install Debian packages. Raises DevError naming the log when apt refuses."""
    prefix = root_prefix()
    if prefix is None:
        raise DevError(f"Run  sudo apt-get install {' '.join(names)}  (it asks for a password) and repeat.")
    install = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *APT_OPTIONS, "install", *names]
    update = [*prefix, "apt-get", "-q", "update"]
    # Fresh images ship without lists, and old lists name files that mirrors have dropped.
    attempts = [[install], [update, install]] if any(APT_LISTS.glob("*_Packages*")) else [[update, install]]
    if not any(all(_logged(command, log) for command in commands) for commands in attempts):
        raise DevError(f"apt-get install {' '.join(names)} failed. The last lines of {log}:\n{last_lines(log)}")


def brew_install(name: str, log: Path) -> None:
    """Install a Homebrew formula. Raises DevError naming the log."""
    if not _logged(["brew", "install", "--quiet", name], log):
        raise DevError(f"brew install {name} failed. The last lines of {log}:\n{last_lines(log)}")


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log file, indented, for a failure line."""
    if not log.exists():
        return "    (no log was written)"
    return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-count:])


def _logged(argv: list[str], log: Path) -> bool:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT).returncode == 0
