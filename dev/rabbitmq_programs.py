"""Where RabbitMQ's own programs are on this machine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

# Before the PATH: Debian's wrapper there changes to the user `rabbitmq`, which cannot read our folder.
FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/opt/homebrew/sbin",
    "/usr/local/sbin",
    "/opt/rabbitmq/sbin",
)


@dataclass(frozen=True)
class RabbitPrograms:
    """Paths of the programs a private node needs."""

    server: str
    ctl: str
    epmd: str


def find_programs() -> RabbitPrograms | None:
    """The installed RabbitMQ, or None."""
    path = ":".join(FOLDERS)
    server = shutil.which("rabbitmq-server", path=path) or shutil.which("rabbitmq-server")
    if server is None:
        return None
    ctl = Path(server).with_name("rabbitmqctl")
    epmd = find_epmd()
    return RabbitPrograms(server, str(ctl), epmd) if epmd else None


def find_epmd() -> str | None:
    """Erlang's port mapper, which lives in a folder of its own version where it is not on the PATH."""
    if found := shutil.which("epmd"):
        return found
    erl = shutil.which("erl") or shutil.which("erl", path="/opt/homebrew/bin:/usr/local/bin")
    roots = [Path("/usr/lib/erlang")] + ([Path(erl).resolve().parent.parent] if erl else [])
    return next((str(found) for root in roots for found in sorted(root.glob("**/bin/epmd"))), None)
