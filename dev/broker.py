"""Decides which RabbitMQ the platform uses, and makes it ready.

1. The one at RABBITMQ_URL, where it is set, reachable, and lets us make vhosts (or has them already).
2. A private node from an installed rabbitmq-server, else installed by apt or brew.
3. A private node in docker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.console import DevError, note, step
from dev.credentials import Credentials
from dev.prerequisites import install
from dev.rabbitmq_docker import DockerRabbitNode, docker_works
from dev.rabbitmq_node import RabbitNode
from dev.shared_broker import BrokerAddress, can_open, prepare
from shared.settings import BrokerSettings


@dataclass(frozen=True)
class Broker:
    """The RabbitMQ to use. `login` is the operator's user for the management page, where we made one.

    A private node may still be starting, so that other things start meanwhile: `wait_ready` shows and awaits it.
    """

    title: str
    api_url: str
    worker_url: str
    management_url: str
    login: str | None
    wait_ready: Callable[[], None]
    stop: Callable[[], None]

    @property
    def is_ours(self) -> bool:
        """Nobody else's messages are on it."""
        return self.login is not None


def names_broker(configured: BrokerSettings) -> bool:
    """Whether the environment says which RabbitMQ to use."""
    return "rabbitmq_url" in configured.model_fields_set


def choose_broker(folder: Path, vhosts: Sequence[str]) -> Broker:
    """A broker for these vhosts, launched. Raises DevError with what to install when there is none."""
    configured = BrokerSettings()
    if names_broker(configured):
        try:
            return _shared(configured, folder, vhosts)
        except DevError as reason:
            note(f"RABBITMQ_URL is set, but {reason}. Going on with a private RabbitMQ.")
    return _private(folder, vhosts)


def _shared(configured: BrokerSettings, folder: Path, vhosts: Sequence[str]) -> Broker:
    address = BrokerAddress.parse(configured.rabbitmq_url.get_secret_value())
    given = configured.rabbitmq_management_url
    management_url = given.get_secret_value() if given else address.management_url
    credentials = Credentials.load_or_make(folder / "credentials.json")
    users = credentials.users(suffix=f"-{credentials.installation}")
    ours = [users["api"], users["worker"]]
    with step(f"RabbitMQ at {address}") as current:
        try:
            prepare(address, management_url, vhosts, ours)
            api_url, worker_url = (address.url(user.name, user.password) for user in ours)
        except DevError as refused:
            _require_vhosts(address, vhosts, refused)
            current.say("vhosts are there already, used as they are")
            api_url = worker_url = address.url(address.user, address.password)
    title = f"RabbitMQ at {address}"
    return Broker(title, api_url, worker_url, management_url, None, wait_ready=_nothing, stop=_nothing)


def _require_vhosts(address: BrokerAddress, vhosts: Sequence[str], refused: DevError) -> None:
    """Raises DevError unless this user can open every vhost as it stands."""
    for vhost in vhosts:
        reason = can_open(address.url(address.user, address.password, vhost))
        if reason:
            raise DevError(f"{refused}, and vhost {vhost} there cannot be opened ({reason})")


def _private(folder: Path, vhosts: Sequence[str]) -> Broker:
    try:
        install("rabbitmq", folder / "packages.log")
    except DevError as reason:
        if not docker_works():
            raise DevError(
                f"No RabbitMQ: {reason}\n  Install rabbitmq-server or docker, or set RABBITMQ_URL, and run again."
            ) from reason
        return _launched(DockerRabbitNode(folder / "rabbitmq", vhosts), "private RabbitMQ in docker")
    return _launched(RabbitNode(folder / "rabbitmq", vhosts), "private RabbitMQ")


def _launched(node: RabbitNode | DockerRabbitNode, title: str) -> Broker:
    node.launch()

    def wait_ready() -> None:
        with step(f"A {title} with {len(node.vhosts)} vhosts") as current:
            node.wait_ready(current.say)

    def stop() -> None:
        with step(f"Stopping the {title}"):
            node.stop()

    admin = node.users["admin"]
    login = f"{admin.name} / {admin.password}"
    return Broker(title, node.url("api"), node.url("worker"), node.management_url, login, wait_ready, stop)


def _nothing() -> None:
    """A broker of somebody else is neither awaited nor stopped."""
