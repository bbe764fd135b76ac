"""What RabbitMQ must hold for the domains that exist: vhosts, queues, users with the least rights.

`python -m dev.definitions --out FILE` writes it as a definitions file, with the passwords from
RABBITMQ_API_PASSWORD, RABBITMQ_WORKER_PASSWORD and RABBITMQ_ADMIN_PASSWORD. A new domain folder is enough:
the list comes from `handlers`.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.configured import configured_domains
from shared.messaging.topology import EVENTS_QUEUE, QUORUM, REJECTED_QUEUE, RESULTS_QUEUE
from shared.settings import DomainSettings

_ALWAYS = (EVENTS_QUEUE, REJECTED_QUEUE)

# configure / write / read, per role. The API only publishes through the default exchange.
RIGHTS = {
    "api": ("^$", r"^amq\.default$", "^$"),
    "worker": (r"^eventos\.rejeitados$", r"^amq\.default$", r"^eventos(\..+)?$"),
    "admin": (".*", ".*", ".*"),
}
TAGS = {"api": [], "worker": [], "admin": ["administrator"]}


@dataclass(frozen=True)
class BrokerUser:
    """A user of the broker; `role` is a key of RIGHTS."""

    role: str
    name: str
    password: str

    @property
    def rights(self) -> dict[str, str]:
        configure, write, read = RIGHTS[self.role]
        return {"configure": configure, "write": write, "read": read}


def hashed(password: str, salt: bytes | None = None) -> str:
    """RabbitMQ's own form: base64(salt ‖ SHA-256(salt ‖ password)), four bytes of salt."""
    salt = salt if salt is not None else secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def definitions(vhosts: Iterable[str], users: Iterable[BrokerUser]) -> dict[str, Any]:
    """A definitions document for RabbitMQ's import. Importing it again leaves existing queues untouched."""
    vhosts, users = list(vhosts), list(users)
    return {
        "vhosts": [{"name": vhost} for vhost in vhosts],
        "users": [_user(user) for user in users],
        "permissions": [{"user": user.name, "vhost": vhost, **user.rights} for vhost in vhosts for user in users],
        "queues": [
            {"name": queue, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": QUORUM}
            for vhost in vhosts
            for queue in queues_of(vhost)
        ],
    }


def queues_of(vhost: str) -> tuple[str, ...]:
    """What every vhost holds, and `eventos.resultados` where its domain publishes results (DOMAIN__<KEY>__RESULTS)."""
    config = DomainSettings()
    publishing = {domain.vhost for key, domain in configured_domains(config).items() if config.of(key).results}
    return (*_ALWAYS, RESULTS_QUEUE) if vhost in publishing else _ALWAYS


def _user(user: BrokerUser) -> dict[str, Any]:
    return {
        "name": user.name,
        "password_hash": hashed(user.password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": TAGS[user.role],
        "limits": {},
    }


def domain_vhosts() -> list[str]:
    """The vhosts of all domains, each once, with the operator's overrides."""
    return list(dict.fromkeys(domain.vhost for domain in configured_domains(DomainSettings()).values()))


def users_from_environment() -> list[BrokerUser]:
    """The three users as docker-compose names them. Exits naming the variable that is missing."""
    users = []
    for role in RIGHTS:
        variable = f"RABBITMQ_{role.upper()}_PASSWORD"
        password = os.environ.get(variable)
        if not password:
            sys.exit(f"✗ {variable} is not set: put a random password in it (see .env.example).")
        users.append(BrokerUser(role, f"plantao-{role}", password))
    return users


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m dev.definitions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    out = parser.parse_args().out
    document = definitions(domain_vhosts(), users_from_environment())
    out.write_text(json.dumps(document, indent=2))
    print(f"{out}: {len(document['vhosts'])} vhosts, {len(document['queues'])} queues, {len(document['users'])} users")


if __name__ == "__main__":
    main()
