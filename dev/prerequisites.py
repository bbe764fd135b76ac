"""Installs the servers that the private nodes need: `python -m dev.prerequisites rabbitmq postgresql`.

Exit codes: 0 all are here, 1 with one line of what to do otherwise, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev import postgres_programs, rabbitmq_programs
from dev.console import DevError, failure, step
from dev.packages import apt_install, brew_install

LOG = Path(".run") / "packages.log"


@dataclass(frozen=True)
class Server:
    """One server program: how to see it, and its names in the package managers."""

    title: str
    installed: Callable[[], object | None]
    apt: str
    brew: str


SERVERS = {
    "rabbitmq": Server("RabbitMQ", rabbitmq_programs.find_programs, "rabbitmq-server", "rabbitmq"),
    "postgresql": Server("PostgreSQL", postgres_programs.find_programs, "postgresql", "postgresql@17"),
}


def install(name: str, log: Path = LOG) -> None:
    """Install one of SERVERS unless it is here. The service that a package starts by itself is left alone.

    Raises DevError saying what to install by hand.
    """
    server = SERVERS[name]
    if server.installed():
        return
    if shutil.which("apt-get"):
        with step(f"{server.title} by apt-get"):
            apt_install([server.apt], log)
    elif shutil.which("brew"):
        with step(f"{server.title} by brew"):
            brew_install(server.brew, log)
    else:
        raise DevError(f"No {server.title}, no apt-get, no brew: install {server.apt} by hand and run again.")
    if not server.installed():
        raise DevError(f"{server.title} was installed but its programs were not found. See {log}.")


def main(names: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m dev.prerequisites", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", nargs="+", choices=SERVERS)
    try:
        for name in parser.parse_args(names).server:
            install(name)
    except DevError as error:
        failure(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
