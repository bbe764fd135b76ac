"""Passwords of this installation's private servers: random, made once, readable by their owner only."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from dev.definitions import RIGHTS, BrokerUser


@dataclass(frozen=True)
class Credentials:
    """`installation` tells this checkout's users apart on a broker that others share."""

    installation: str
    erlang_cookie: str
    api: str
    worker: str
    admin: str

    @classmethod
    def load_or_make(cls, path: Path) -> Self:
        """Read the file, or make it with mode 0600."""
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = cls(secrets.token_hex(3), *(secrets.token_urlsafe(18) for _ in range(4)))
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(made), file)
        return made

    def users(self, suffix: str = "") -> dict[str, BrokerUser]:
        """The broker's users by role."""
        passwords = asdict(self)
        return {role: BrokerUser(role, f"plantao-{role}{suffix}", passwords[role]) for role in RIGHTS}
