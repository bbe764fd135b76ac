"""The publisher against a real broker: every message gets exactly one outcome, whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import dropwhile

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import SecretStr

from dev.rabbitmq_node import RabbitNode
from shared.errors import BrokerError, BrokerUnavailable, PublishUncertain, Unroutable
from shared.messaging.publisher import Publisher
from shared.messaging.topology import EVENTS_QUEUE, connection_parameters
from shared.settings import BrokerSettings
from tests.integration.messaging.conftest import VHOST

WAIT_S = 120
Result = BrokerError | None


@asynccontextmanager
async def publisher(
    node: RabbitNode, *, max_in_flight: int = 100, confirm_timeout_s: float = 20
) -> AsyncIterator[Publisher]:
    broker = BrokerSettings(rabbitmq_url=SecretStr(node.url("api")))
    made = Publisher(
        connection_parameters(broker, VHOST, "tests"), max_in_flight=max_in_flight, confirm_timeout_s=confirm_timeout_s
    )
    await asyncio.wait_for(made.ready.wait(), WAIT_S)
    yield made
    await made.close()


def send(to: Publisher, queue: str = EVENTS_QUEUE, body: bytes = b"{}") -> asyncio.Future[Result]:
    outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    to.publish(queue, body, pika.BasicProperties(delivery_mode=2), outcome.set_result)
    return outcome


async def outcomes(sent: list[asyncio.Future[Result]]) -> list[Result]:
    return await asyncio.wait_for(asyncio.gather(*sent), WAIT_S)


def bodies(channel: BlockingChannel) -> list[bytes]:
    """Everything on the queue, taken off."""
    found = []
    while (message := channel.basic_get(EVENTS_QUEUE, auto_ack=True))[0] is not None:
        found.append(message[2])
    return found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - the publisher announces no losses, only readiness
            await asyncio.sleep(0.01)


async def renewed(made: Publisher, old: object) -> None:
    """Until the publisher is ready on another connection than `old`."""
    await until(lambda: made._connection is not old and made.ready.is_set())


def cut(node: RabbitNode, role: str) -> None:
    """Close the connections of a user from the broker's side."""
    for line in node.ctl("list_connections", "pid", "user").splitlines():
        pid, _, user = line.partition("\t")
        if user.strip() == node.users[role].name:
            node.ctl("close_connection", pid.strip(), "cut by a test")


async def test_confirmed_messages_are_on_the_queue_in_order(rabbit: RabbitNode, channel: BlockingChannel) -> None:
    async with publisher(rabbit) as made:
        assert await outcomes([send(made, body=str(number).encode()) for number in range(20)]) == [None] * 20
    assert bodies(channel) == [str(number).encode() for number in range(20)]


async def test_more_than_may_be_in_flight_waits_its_turn(rabbit: RabbitNode, channel: BlockingChannel) -> None:
    async with publisher(rabbit, max_in_flight=3) as made:
        assert await outcomes([send(made, body=str(number).encode()) for number in range(48)]) == [None] * 48
    assert bodies(channel) == [str(number).encode() for number in range(48)]


async def test_more_than_the_backlog_holds_is_refused_at_once(rabbit: RabbitNode, channel: BlockingChannel) -> None:
    async with publisher(rabbit, max_in_flight=2) as made:
        sent = [send(made) for _ in range(2 + 2 * 16 + 3)]
        assert [isinstance(one.result(), BrokerUnavailable) for one in sent if one.done()] == [True] * 3
        found = await outcomes(sent)
    assert found[:-3] == [None] * 34


async def test_a_message_to_no_queue_is_unroutable_and_its_neighbours_are_not(
    rabbit: RabbitNode, channel: BlockingChannel
) -> None:
    async with publisher(rabbit) as made:
        before, astray, after = await outcomes([send(made), send(made, queue="no.such.queue"), send(made)])
    assert isinstance(astray, Unroutable) and "no.such.queue" in astray.detail
    assert (before, after) == (None, None)


async def test_a_connection_that_was_cut_comes_back_by_itself(rabbit: RabbitNode, channel: BlockingChannel) -> None:
    async with publisher(rabbit) as made:
        old = made._connection
        await asyncio.to_thread(cut, rabbit, "api")
        await renewed(made, old)
        assert await outcomes([send(made)]) == [None]


async def test_between_a_loss_and_its_notice_publishing_answers_instead_of_raising(
    rabbit: RabbitNode, channel: BlockingChannel
) -> None:
    async with publisher(rabbit, max_in_flight=1) as made:
        sent, waiting = send(made), send(made)
        assert made._connection is not None
        made._connection.close()
        late = send(made)
        assert isinstance(late.result(), BrokerUnavailable)
        first, second = await outcomes([sent, waiting])
        assert first is None or isinstance(first, PublishUncertain)
        assert second is None or isinstance(second, BrokerUnavailable)


async def test_consecutive_nacks_bring_a_new_connection(rabbit: RabbitNode, channel: BlockingChannel) -> None:
    channel.queue_declare("cheia", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    async with publisher(rabbit) as made:
        old = made._connection
        assert await outcomes([send(made, queue="cheia")]) == [None]
        for _ in range(3):
            (refused,) = await outcomes([send(made, queue="cheia")])
            assert type(refused).__name__ == "PublishRefused"
        await renewed(made, old)
        assert await outcomes([send(made)]) == [None]
    channel.queue_delete("cheia")


async def test_what_is_unconfirmed_at_the_close_is_answered(rabbit: RabbitNode, channel: BlockingChannel) -> None:
    async with publisher(rabbit, max_in_flight=1) as made:
        sent = [send(made) for _ in range(20)]
        await made.close()
        found = [one.result() for one in sent]
    # One at a time is on its way; a broker that is quick has confirmed the first of them by now.
    unconfirmed, *waiting = dropwhile(lambda one: one is None, found)
    assert isinstance(unconfirmed, PublishUncertain)
    assert waiting and all(isinstance(one, BrokerUnavailable) for one in waiting)


async def test_a_vhost_that_does_not_exist_is_unavailable_and_nothing_hangs(rabbit: RabbitNode) -> None:
    broker = BrokerSettings(rabbitmq_url=SecretStr(rabbit.url("api")))
    made = Publisher(connection_parameters(broker, "no-such-vhost", "tests"), max_in_flight=1, confirm_timeout_s=1)
    (outcome,) = await outcomes([send(made)])
    assert isinstance(outcome, BrokerUnavailable)
    await made.close()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    """A broker that this module may kill."""
    with RabbitNode(tmp_path_factory.mktemp("rmqkill"), [VHOST]) as node:
        yield node


async def test_a_broker_that_dies_makes_uncertain_then_unavailable_and_is_found_again(mortal: RabbitNode) -> None:
    async with publisher(mortal, max_in_flight=50) as made:
        assert await outcomes([send(made)]) == [None]
        in_flight = [send(made) for _ in range(50)]
        await asyncio.to_thread(mortal.kill)
        await until(lambda: not made.ready.is_set())
        for outcome in await outcomes(in_flight):
            assert outcome is None or isinstance(outcome, PublishUncertain)
        (down,) = await outcomes([send(made)])
        assert isinstance(down, BrokerUnavailable)
        await asyncio.to_thread(mortal.start)
        await asyncio.wait_for(made.ready.wait(), WAIT_S)
        assert await outcomes([send(made) for _ in range(5)]) == [None] * 5


async def test_a_broker_that_hangs_makes_uncertain_and_a_new_connection(mortal: RabbitNode) -> None:
    node = int((mortal.folder / "node.pid").read_text())
    async with publisher(mortal, confirm_timeout_s=0.4) as made:
        old = made._connection
        os.kill(node, signal.SIGSTOP)
        try:
            (outcome,) = await outcomes([send(made)])
        finally:
            os.kill(node, signal.SIGCONT)
        assert isinstance(outcome, PublishUncertain)
        await renewed(made, old)
        async with asyncio.timeout(WAIT_S):
            while await outcomes([send(made)]) != [None]:  # a broker that wakes up is slow for a moment
                await made.ready.wait()
        connections = await asyncio.to_thread(mortal.ctl, "list_connections", "name")
    assert len(connections.split("\n")) <= 3, "the connection that was given up must not stay open"
