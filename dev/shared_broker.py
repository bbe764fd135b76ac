"""A RabbitMQ that somebody else runs, named by RABBITMQ_URL: made ready through its management API, or refused.

What exists there is left as it is: a queue `eventos` keeps the arguments it was declared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

import httpx
import pika
from pika.exceptions import AMQPError

from dev.console import DevError
from dev.definitions import TAGS, BrokerUser, queues_of
from shared.messaging.topology import QUORUM

TIMEOUT_S = 5.0


@dataclass(frozen=True)
class BrokerAddress:
    """The parts of an AMQP URL."""

    scheme: str
    user: str
    password: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> BrokerAddress:
        """Raises DevError when it is no AMQP URL; the message never shows the password."""
        parts = urlsplit(url)
        if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
            raise DevError("RABBITMQ_URL must look like amqp://user:password@host:5672")
        port = parts.port or (5671 if parts.scheme == "amqps" else 5672)
        user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
        return cls(parts.scheme, user, password, parts.hostname, port)

    def url(self, user: str, password: str, vhost: str | None = None) -> str:
        path = f"/{quote(vhost, safe='')}" if vhost else ""
        return f"{self.scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{self.host}:{self.port}{path}"

    @property
    def management_url(self) -> str:
        secure = self.scheme == "amqps"
        return f"{'https' if secure else 'http'}://{self.host}:{15671 if secure else 15672}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def can_open(url: str) -> str | None:
    """None when a connection opens, else the reason in a few words."""
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = TIMEOUT_S
    parameters.connection_attempts = 1
    try:
        pika.BlockingConnection(parameters).close()
    except (AMQPError, OSError) as error:
        return f"{type(error).__name__} {error}".strip()
    return None


def prepare(address: BrokerAddress, management_url: str, vhosts: Sequence[str], users: Sequence[BrokerUser]) -> None:
    """Make what is missing: vhosts, queues, our two users and their rights.

    Raises DevError when the management API cannot be reached or does not allow it.
    """
    login = (address.user, address.password)
    with httpx.Client(base_url=f"{management_url.rstrip('/')}/api", auth=login, timeout=TIMEOUT_S) as api:
        try:
            for user in users:
                body = {"password": user.password, "tags": ",".join(TAGS[user.role])}
                _put(api, f"/users/{_quoted(user.name)}", body)
            for vhost in vhosts:
                _prepare_vhost(api, address, vhost, users)
        except httpx.HTTPError as error:
            what = f"its management API at {management_url} does not answer"
            raise DevError(f"{what} ({type(error).__name__})") from error


def _prepare_vhost(api: httpx.Client, address: BrokerAddress, vhost: str, users: Sequence[BrokerUser]) -> None:
    name = _quoted(vhost)
    if not _exists(api, f"/vhosts/{name}"):
        _put(api, f"/vhosts/{name}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        _put(api, f"/permissions/{name}/{_quoted(address.user)}", everything)
    for queue in queues_of(vhost):
        if not _exists(api, f"/queues/{name}/{_quoted(queue)}"):
            _put(api, f"/queues/{name}/{_quoted(queue)}", {"durable": True, "arguments": QUORUM})
    for user in users:
        _put(api, f"/permissions/{name}/{_quoted(user.name)}", user.rights)


def _exists(api: httpx.Client, path: str) -> bool:
    answer = api.get(path)
    if answer.status_code in (401, 403):
        raise DevError(f"its management API refuses this user (HTTP {answer.status_code})")
    return answer.status_code == httpx.codes.OK


def _put(api: httpx.Client, path: str, body: Mapping[str, object]) -> None:
    answer = api.put(path, json=body)
    if answer.is_error:
        what = path.split("/")[1]
        raise DevError(f"this user may not make {what} there (HTTP {answer.status_code})")


def _quoted(name: str) -> str:
    return quote(name, safe="")
