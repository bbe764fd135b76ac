"""The I/O thread of a consumer process: one connection, one channel, one queue.

It owns a `BlockingConnection` and does nothing but turn its loop, so heartbeats live however long crews take.
Other threads reach it only through `add_callback_threadsafe`. Answers carry the epoch of the connection that
delivered: a tag of an old channel would close the new one, and a lost ack costs one refused claim, nothing else.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError, ChannelClosedByBroker

from shared.messaging import messages
from shared.messaging.topology import EVENTS_QUEUE, QUORUM
from workers.delivery import Delivery
from workers.engines.unanswered import Unanswered

_log = structlog.get_logger(__name__)
_RECONNECT_CAP_S = 5.0
_NOT_FOUND = 404

StateListener = Callable[[str, str], None]


class ConsumerLost(Exception):
    """The broker closed the channel or cancelled the consumer; pika itself stays silent about it."""


class AmqpConsumer:
    """`run` belongs to the main thread; `stop` may come from a signal handler or any thread."""

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        prefetch: int,
        on_delivery: Callable[[Delivery], None],
        on_state: StateListener,
    ) -> None:
        self._parameters = parameters
        self._prefetch = prefetch
        self._on_delivery = on_delivery
        self._on_state = on_state
        self._stop = threading.Event()
        self._epoch = 0
        self._connection: BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._unanswered = Unanswered()
        self._answers: deque[tuple[int, int, bool]] = deque()
        self._flush_scheduled = False
        self._answer_lock = threading.Lock()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`, through every loss of the broker."""
        delay = 0.2
        while not self._stop.is_set():
            try:
                self._open()
            except (AMQPError, OSError) as error:
                self._close()
                self._on_state("waiting_broker", _explained(error, self._parameters))
                self._stop.wait(delay)
                delay = min(delay * 2, _RECONNECT_CAP_S)
                continue
            delay = 0.2
            self._on_state("ready", "")
            try:
                self._pump()
            except (AMQPError, OSError, ConsumerLost) as error:
                self._on_state("waiting_broker", _explained(error, self._parameters))
                self._close()

    def drain(self, busy: Callable[[], bool], deadline_s: float) -> None:
        """Take no more, and keep the connection alive for answers while `busy()`, at most `deadline_s` seconds."""
        until = time.monotonic() + deadline_s
        try:
            if self._channel is not None and self._channel.is_open:
                for tag in list(self._channel.consumer_tags):
                    self._channel.basic_cancel(tag)
            while busy() and time.monotonic() < until:
                self._turn(0.1)
        except (AMQPError, OSError) as error:
            _log.warning("drain_without_broker", exception=type(error).__name__)
            while busy() and time.monotonic() < until:
                time.sleep(0.05)

    def close(self) -> None:
        """Send the last answers and leave; what is unanswered goes back to the queue."""
        try:
            self._turn(0)
        except (AMQPError, OSError) as error:
            _log.warning("close_without_broker", exception=type(error).__name__)
        self._close()

    def _turn(self, seconds: float) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.process_data_events(time_limit=seconds)
        elif seconds:
            time.sleep(seconds)

    def _open(self) -> None:
        self._epoch += 1
        self._unanswered = Unanswered()
        self._connection = BlockingConnection(self._parameters)
        self._channel = self._connection.channel()
        self._channel.basic_qos(prefetch_count=self._prefetch)
        try:
            self._consume()
        except ChannelClosedByBroker as error:
            if error.reply_code != _NOT_FOUND:
                raise
            # Never declared where it exists; where it is absent and we may, this is the queue.
            self._declare(missing=error)
            self._consume()

    def _declare(self, missing: ChannelClosedByBroker) -> None:
        assert self._connection is not None
        self._channel = self._connection.channel()
        try:
            self._channel.queue_declare(EVENTS_QUEUE, durable=True, arguments=QUORUM)
        except ChannelClosedByBroker as refused:
            # That we may not make it is no news to an operator; that it is missing is.
            raise missing from refused
        self._channel.basic_qos(prefetch_count=self._prefetch)

    def _consume(self) -> None:
        assert self._channel is not None
        self._channel.basic_consume(EVENTS_QUEUE, partial(self._on_message, self._epoch))

    def _pump(self) -> None:
        assert self._connection is not None and self._channel is not None
        while not self._stop.is_set():
            self._connection.process_data_events(time_limit=0.5)
            if not self._channel.is_open or not self._channel.consumer_tags:
                raise ConsumerLost

    def _on_message(
        self, epoch: int, _channel: Any, method: Any, properties: pika.BasicProperties, body: bytes
    ) -> None:
        self._unanswered.delivered(method.delivery_tag)
        self._on_delivery(
            Delivery(
                body=body,
                # pika hands over bytes where they are not UTF-8: such a name is none.
                message_id=properties.message_id if isinstance(properties.message_id, str) else None,
                traceparent=messages.traceparent((properties.headers or {}).get("traceparent")),
                answer=partial(self._answer, epoch, method.delivery_tag),
            )
        )

    def _answer(self, epoch: int, tag: int, ack: bool) -> None:
        with self._answer_lock:
            self._answers.append((epoch, tag, ack))
            if self._flush_scheduled:
                return
            self._flush_scheduled = True
        connection = self._connection
        try:
            if connection is not None:
                connection.add_callback_threadsafe(self._flush)
                return
        except AMQPError:
            _log.info("answer_without_connection", reason="reconnecting")
        self._flush_scheduled = False

    def _flush(self) -> None:
        """On the I/O thread: send every gathered answer that still belongs to this connection."""
        with self._answer_lock:
            self._flush_scheduled = False
            answers = list(self._answers)
            self._answers.clear()
        if self._channel is None or not self._channel.is_open:
            return
        current = [(tag, ack) for epoch, tag, ack in answers if epoch == self._epoch]
        for tag, _ in (answer for answer in current if not answer[1]):
            self._unanswered.give_back(tag)
            self._channel.basic_nack(tag, requeue=True)
        upto, singly = self._unanswered.acknowledge(tag for tag, ack in current if ack)
        if upto is not None:
            self._channel.basic_ack(upto, multiple=True)
        for tag in singly:
            self._channel.basic_ack(tag)

    def _close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._flush_scheduled = False
        try:
            if connection is not None and connection.is_open:
                connection.close()
        except (AMQPError, OSError) as error:
            _log.info("close_failed", exception=type(error).__name__)


def _explained(error: Exception, parameters: pika.ConnectionParameters) -> str:
    """What a person at night needs: where, what, and what to do."""
    where = f"{parameters.host}:{parameters.port} vhost '{parameters.virtual_host}'"
    code = getattr(error, "reply_code", None)
    if code == _NOT_FOUND:
        return f"{where}: falta a fila '{EVENTS_QUEUE}'; importe deploy/rabbitmq/definitions.json"
    if code in (403, 530):
        return f"{where}: acesso negado; confira o vhost e as permissões do usuário"
    return f"{where}: sem conexão ({type(error).__name__}); nova tentativa em instantes"
