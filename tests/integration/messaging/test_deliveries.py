"""The deliverer over a real store, a real broker and real HTTP: what gets through, what is waited for, who is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dev.rabbitmq_node import RabbitNode
from handlers.configured import configured_domains
from shared.clock import now
from shared.database import Database
from shared.messaging.topology import QUORUM, RESULTS_QUEUE
from shared.notifications import outbox
from shared.notifications.contacts import Contacts
from shared.notifications.outbox import Channel, Kind, Notice
from shared.settings import Settings, load_settings
from tests.integration.store.alerting import told
from tests.integration.store.rows import accepted, kinds
from tests.platform import eventually
from tests.receiver import SECRET, Receiver, receiving
from workers.deliveries import Deliveries, own_services
from workers.relay import Relay

WAIT_S = 120


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def config(rabbit: RabbitNode, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DOMAIN_PACKAGES", '["tests.fixtures.domains"]')
    monkeypatch.setenv("RABBITMQ_URL", rabbit.url("worker"))
    monkeypatch.setenv("RELAY_INTERVAL_S", "0.05")
    monkeypatch.setenv("DELIVERY_TIMEOUT_S", "60")  # who hangs in a test hangs until it is let go
    monkeypatch.setenv("DELIVERY_RETRY_S", "[0.01, 0.01]")
    return load_settings()


@asynccontextmanager
async def delivering(config: Settings, database: Database, receiver: Receiver) -> AsyncIterator[None]:
    contacts = Contacts.model_validate(
        {
            "endpoints": {
                name: {"url": f"http://127.0.0.1:{receiver.port}/{name}", "secret": SECRET} for name in ("his", "lab")
            },
            "egress": [{"host": "127.0.0.1", "ports": [receiver.port], "schemes": ["http"]}],
        }
    )
    relay = Relay(config, database, configured_domains(config.domains))
    made = Deliveries(config, database, contacts, relay.publishers)
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    yield
    stop.set()
    await asyncio.wait_for(running, WAIT_S)
    await made.close()
    await relay.close()


def put(database: Database, kind: Kind, target: str, channel: Channel = Channel.CALLBACK) -> str:
    """A task with one notification; its id."""
    task_id = accepted(database)
    data = {"task_id": task_id, "event": "eco"}
    with database.write() as connection:
        outbox.add(connection, [Notice(task_id, "eco", kind, channel, target, data)], now())
    return task_id


async def until(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(eventually, condition, "what the test waits for", WAIT_S)


async def state_of(database: Database, task_id: str, state: str) -> None:
    await until(lambda: [one[2] for one in told(database, task_id)] == [state])


async def test_a_failing_receiver_is_tried_again_and_then_given_up(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    receiver.answers["/lab"] = 503
    well, ill = put(database, Kind.COMPLETED, "his"), put(database, Kind.FAILED, "lab")
    unknown = put(database, Kind.COMPLETED, "ninguem")
    async with delivering(config, database, receiver):
        await state_of(database, well, "delivered")
        await state_of(database, ill, "undeliverable")
        await state_of(database, unknown, "undeliverable")
    sent = receiver.at("/lab", ill)
    assert (len(sent), len({one.id for one in sent})) == (3, 1)
    assert json.loads(receiver.at("/his")[0].body)["type"] == "plantao.eco.eco.completed"
    assert (kinds(database, well), kinds(database, ill)) == (["delivered"], ["undeliverable"])


async def test_a_receiver_that_said_410_is_left_alone(config: Settings, database: Database, receiver: Receiver) -> None:
    receiver.answers["/lab"] = 410
    first = put(database, Kind.COMPLETED, "lab")
    async with delivering(config, database, receiver):
        await state_of(database, first, "undeliverable")
        second = put(database, Kind.COMPLETED, "lab")
        await state_of(database, second, "undeliverable")
    assert len(receiver.requests) == 1


async def test_a_receiver_that_hangs_keeps_nobody_waiting(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    crowd = [put(database, Kind.COMPLETED, "lab") for _ in range(130)]
    receiver.open.clear()
    async with delivering(config, database, receiver):
        await until(lambda: len(receiver.requests) >= 64)
        alert = put(database, Kind.ALERT, "his")
        await until(lambda: bool(receiver.at("/his", alert)))
        other = put(database, Kind.COMPLETED, "his")
        await until(lambda: bool(receiver.at("/his", other)))
        receiver.open.set()
        await until(lambda: {told(database, task_id)[0][2] for task_id in crowd} == {"delivered"})


async def test_a_missing_queue_is_waited_for(
    config: Settings, database: Database, receiver: Receiver, channel: BlockingChannel
) -> None:
    channel.queue_delete(RESULTS_QUEUE)
    task_id = put(database, Kind.FAILED, RESULTS_QUEUE, Channel.BROKER)
    async with delivering(config, database, receiver):
        await until(lambda: outbox_error(database, task_id) == "Unroutable")
        channel.queue_declare(RESULTS_QUEUE, durable=True, arguments=QUORUM)
        await state_of(database, task_id, "delivered")
    _, properties, body = channel.basic_get(RESULTS_QUEUE, auto_ack=True)
    channel.queue_delete(RESULTS_QUEUE)
    assert json.loads(body)["task_id"] == task_id
    assert properties.headers["ce-type"] == "plantao.eco.eco.failed"
    assert properties.headers["ce-subject"] == task_id


def outbox_error(database: Database, task_id: str) -> str | None:
    with database.read() as connection:
        n = outbox.notifications.c
        return connection.execute(outbox.select(n.last_error).where(n.task_id == task_id)).scalar_one()


def test_our_own_services_are_known_by_host_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqps://u:p@broker.interno")
    monkeypatch.setenv("RABBITMQ_MANAGEMENT_URL", "http://broker.interno:15672")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://u:p@banco.interno/plantao")
    assert set(own_services(load_settings())) == {
        ("broker.interno", 5671),
        ("broker.interno", 15672),
        ("banco.interno", 5432),
    }
