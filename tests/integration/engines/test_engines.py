"""One suite for both engines: what is acknowledged, what goes back, what outlives a loss."""

from __future__ import annotations

import threading

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dev.rabbitmq_node import RabbitNode
from shared.messaging.topology import EVENTS_QUEUE
from tests.integration.engines.conftest import Start
from tests.integration.engines.running import VHOST, WAIT_S, Seen, eventually, put, waiting
from workers.delivery import Delivery

TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


def test_a_decided_delivery_is_acknowledged(start: Start, channel: BlockingChannel) -> None:
    seen = Seen()
    running = start(seen)
    put(channel, b"a", b"b", b"c")
    assert sorted(seen.next() for _ in range(3)) == [b"a", b"b", b"c"]
    running.stop()
    assert (waiting(channel), seen.bodies.qsize()) == (0, 0)


def test_the_delivery_carries_the_message_as_it_came(start: Start, channel: BlockingChannel) -> None:
    arrived: list[Delivery] = []
    seen = Seen(lambda delivery: arrived.append(delivery) is None)
    start(seen)
    put(channel, b"\x00\xff", message_id="m1", headers={"traceparent": TRACE})
    put(channel, b"plain", headers={"traceparent": "x" * 500})
    seen.next(), seen.next()
    eventually(lambda: len(arrived) == 2, "both deliveries processed")
    first, second = sorted(arrived, key=lambda one: one.body)
    assert (first.body, first.message_id, first.traceparent) == (b"\x00\xff", "m1", TRACE)
    assert (second.body, second.message_id, second.traceparent) == (b"plain", None, None)


def test_an_undecided_delivery_comes_again(start: Start, channel: BlockingChannel) -> None:
    tries: list[int] = []

    def later(_delivery: Delivery) -> bool:
        tries.append(1)
        return len(tries) > 1

    seen = Seen(later)
    running = start(seen)
    put(channel, b"again")
    assert [seen.next(), seen.next()] == [b"again", b"again"]
    running.stop()
    assert waiting(channel) == 0


def test_a_process_that_raises_gives_its_delivery_back(start: Start, channel: BlockingChannel) -> None:
    tries: list[int] = []

    def broken(_delivery: Delivery) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("broken")
        return True

    seen = Seen(broken)
    running = start(seen)
    put(channel, b"once more")
    assert [seen.next(), seen.next()] == [b"once more", b"once more"]
    running.stop()
    assert waiting(channel) == 0


def test_a_long_attempt_may_let_go_of_its_message_early(
    start: Start, channel: BlockingChannel, rabbit: RabbitNode
) -> None:
    release = threading.Event()

    def long(delivery: Delivery) -> bool:
        delivery.ack()
        return release.wait(WAIT_S)

    seen = Seen(long)
    running = start(seen, slots=1)
    put(channel, b"long", b"next")
    assert seen.next() == b"long"
    # With one slot of prefetch the broker sends the next only once it holds the ack of the first.
    eventually(lambda: waiting(channel) == 0, "the second message was delivered")
    release.set()
    assert seen.next() == b"next"
    running.stop()
    assert waiting(channel) == 0


def test_no_more_is_taken_than_there_are_slots(start: Start, channel: BlockingChannel) -> None:
    release = threading.Event()
    seen = Seen(lambda _: release.wait(WAIT_S))
    start(seen, slots=2)
    put(channel, *[b"x"] * 5)
    seen.next(), seen.next()
    eventually(lambda: waiting(channel) == 3, "the queue has taken in the rest")
    assert seen.bodies.empty()
    release.set()
    for _ in range(3):
        seen.next()


def test_an_answer_for_a_connection_that_was_cut_does_no_harm(
    start: Start, channel: BlockingChannel, rabbit: RabbitNode
) -> None:
    release = threading.Event()
    first = threading.Event()

    def held(_delivery: Delivery) -> bool:
        if first.is_set():
            return True
        first.set()
        return release.wait(WAIT_S)

    seen = Seen(held)
    running = start(seen)
    put(channel, b"held")
    seen.next()
    cut(rabbit)
    running.until("waiting_broker")
    running.until("ready")
    assert seen.next() == b"held"  # redelivered: nobody had acknowledged it
    release.set()  # its old tag is answered now, on another connection
    put(channel, b"after")
    assert seen.next() == b"after"
    assert running.states.empty(), "an old tag closed the new channel"


def cut(rabbit: RabbitNode) -> None:
    """Close the consumer's connection from the broker's side."""
    for line in rabbit.ctl("list_connections", "pid", "user").splitlines():
        pid, _, user = line.partition("\t")
        if user.strip() == rabbit.users["worker"].name:
            rabbit.ctl("close_connection", pid.strip(), "cut by a test")


def test_a_queue_that_is_deleted_under_its_consumer_is_noticed(start: Start, channel: BlockingChannel) -> None:
    running = start(Seen())
    channel.queue_delete(EVENTS_QUEUE)
    detail = running.until("waiting_broker")
    while "falta a fila" not in detail:
        detail = running.until("waiting_broker")
    assert "eventos" in detail and "definitions.json" in detail


def test_a_missing_queue_is_awaited_and_said(start: Start, channel: BlockingChannel) -> None:
    channel.queue_delete(EVENTS_QUEUE)
    seen = Seen()
    running = start(seen, until="waiting_broker")
    detail = running.until("waiting_broker")
    assert "falta a fila 'eventos'" in detail and VHOST in detail
    channel.queue_declare(EVENTS_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    running.until("ready")
    put(channel, b"late")
    assert seen.next() == b"late"


def test_where_we_may_the_missing_queue_is_made_durable_and_quorum(start: Start, channel: BlockingChannel) -> None:
    channel.queue_delete(EVENTS_QUEUE)
    seen = Seen()
    start(seen, role="admin")
    channel.queue_declare(EVENTS_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    put(channel, b"x")
    assert seen.next() == b"x"


@pytest.mark.parametrize(
    "arguments",
    [
        {"x-queue-type": "classic"},
        {"x-queue-type": "quorum", "x-delivery-limit": 50},
        {"x-queue-type": "classic", "x-max-priority": 5, "x-message-ttl": 3_600_000},
    ],
)
def test_a_queue_of_another_systems_making_is_used_as_it_is(
    start: Start, channel: BlockingChannel, arguments: dict[str, object]
) -> None:
    channel.queue_delete(EVENTS_QUEUE)
    channel.queue_declare(EVENTS_QUEUE, durable=True, arguments=arguments)
    seen = Seen()
    running = start(seen)
    put(channel, b"x")
    assert seen.next() == b"x"
    running.stop()
    assert channel.queue_declare(EVENTS_QUEUE, durable=True, arguments=arguments).method.message_count == 0


def test_heartbeats_live_on_while_a_handler_works(start: Start, channel: BlockingChannel, rabbit: RabbitNode) -> None:
    """A handler busy for longer than two heartbeats (5 s each), after which the broker would hang up."""
    done = threading.Event()

    def busy(_delivery: Delivery) -> bool:
        done.wait(11)
        return True

    seen = Seen(busy)
    running = start(seen, slots=1, heartbeat_s=5)
    put(channel, b"slow")
    assert seen.next() == b"slow"
    running.stop(drain_s=20)
    assert waiting(channel) == 0
    assert running.states.empty(), "the connection was lost meanwhile"


def test_draining_waits_for_what_is_in_hand_and_takes_no_more(start: Start, channel: BlockingChannel) -> None:
    release = threading.Event()
    seen = Seen(lambda _: release.wait(WAIT_S))
    running = start(seen, slots=1)
    put(channel, b"in hand")
    seen.next()
    running.engine.stop()
    running.thread.join(WAIT_S)
    put(channel, b"too late")
    drained = threading.Thread(target=running.engine.drain, args=(WAIT_S,))
    drained.start()
    assert drained.is_alive()
    release.set()
    drained.join(WAIT_S)
    running.engine.close()
    eventually(lambda: waiting(channel) == 1, "only the late message is left")
    assert seen.bodies.empty()


def test_what_is_not_done_at_the_deadline_goes_back(start: Start, channel: BlockingChannel) -> None:
    release = threading.Event()
    seen = Seen(lambda _: release.wait(WAIT_S))
    running = start(seen, slots=1)
    put(channel, b"unfinished")
    seen.next()
    running.stop(drain_s=0.2)
    eventually(lambda: waiting(channel) == 1, "the message is back on the queue")
    release.set()
