"""Pipelined publishing with confirms: one connection per vhost on an asyncio loop.

The caller learns each message's outcome by callback: None once the broker has it on disk, else a typed
BrokerError. Nothing is retried here: the row stays due and the relay publishes it again with the same id.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pika
import structlog
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel

from shared.errors import BrokerError, BrokerUnavailable, PublishRefused, PublishUncertain, Unroutable

_log = structlog.get_logger(__name__)

# A channel whose first publish raced a leader's death can nack for ever on 3.10/3.11: start afresh.
_NACKS_BEFORE_RECONNECT = 3
_RECONNECT_CAP_S = 5.0
_BACKLOG_FACTOR = 16
_SEQUENCE_HEADER = "x-plantao-seq"

Outcome = Callable[[BrokerError | None], None]


@dataclass(slots=True)
class _Pending:
    queue: str
    body: bytes
    properties: pika.BasicProperties
    outcome: Outcome
    sent_at: float = 0.0
    returned: bool = False


class Publisher:
    """Publishes to the default exchange of one vhost. All methods belong to the loop that made it."""

    def __init__(self, parameters: pika.ConnectionParameters, *, max_in_flight: int, confirm_timeout_s: float) -> None:
        self._parameters = parameters
        self._max_in_flight = max_in_flight
        self._confirm_timeout_s = confirm_timeout_s
        self._loop = asyncio.get_running_loop()
        self._connection: AsyncioConnection | None = None
        self._channel: Channel | None = None
        self._sequence = 0
        self._in_flight: OrderedDict[int, _Pending] = OrderedDict()
        self._backlog: deque[_Pending] = deque()
        self._nacks = 0
        self._blocked = False
        self._lost = asyncio.Event()
        self.ready = asyncio.Event()
        self._tasks = [self._loop.create_task(self._stay_connected()), self._loop.create_task(self._watch_confirms())]

    def publish(self, queue: str, body: bytes, properties: pika.BasicProperties, outcome: Outcome) -> None:
        """Send at once, or when there is room; `outcome` is called later on this loop, exactly once."""
        pending = _Pending(queue, body, properties, outcome)
        if not self._is_open or self._blocked:
            outcome(BrokerUnavailable("sem conexão com o broker"))
        elif len(self._in_flight) < self._max_in_flight:
            self._send(pending)
        elif len(self._backlog) < self._max_in_flight * _BACKLOG_FACTOR:
            self._backlog.append(pending)
        else:
            outcome(BrokerUnavailable("fila de publicação cheia"))

    async def close(self) -> None:
        """Stop; what is unconfirmed is answered as uncertain."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        connection = self._connection
        self._drop()
        if connection is not None and connection.is_open:
            connection.close()

    @property
    def _is_open(self) -> bool:
        """A channel that is closing refuses to send before anybody has told us."""
        return self._channel is not None and bool(self._channel.is_open)

    def _send(self, pending: _Pending) -> None:
        assert self._channel is not None
        self._sequence += 1
        pending.properties.headers = {**(pending.properties.headers or {}), _SEQUENCE_HEADER: self._sequence}
        pending.sent_at = self._loop.time()
        self._in_flight[self._sequence] = pending
        self._channel.basic_publish("", pending.queue, pending.body, pending.properties, mandatory=True)

    # --- connection -------------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        delay = 0.1
        while True:
            self._lost.clear()
            try:
                await self._open()
            except BrokerUnavailable as error:
                _log.warning("publisher_unavailable", vhost=self._parameters.virtual_host, detail=error.detail)
                self._drop()
                await asyncio.sleep(delay)
                delay = min(delay * 2, _RECONNECT_CAP_S)
                continue
            delay = 0.1
            self.ready.set()
            _log.info("publisher_ready", vhost=self._parameters.virtual_host)
            await self._lost.wait()
            self._drop()

    async def _open(self) -> None:
        opened: asyncio.Future[AsyncioConnection] = self._loop.create_future()
        AsyncioConnection.create_connection(
            [self._parameters], on_done=lambda result: _resolve(opened, result), custom_ioloop=self._loop
        )
        connection = await opened
        connection.add_on_close_callback(self._on_closed)
        connection.add_on_connection_blocked_callback(lambda *_: self._set_blocked(True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._set_blocked(False))
        self._connection = connection
        confirming: asyncio.Future[Channel] = self._loop.create_future()
        connection.channel(on_open_callback=lambda channel: self._on_channel(channel, confirming))
        lost = self._loop.create_task(self._lost.wait())
        await asyncio.wait([confirming, lost], return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if not confirming.done():
            raise BrokerUnavailable("a conexão caiu ao abrir o canal")
        self._sequence = 0
        self._nacks = 0
        self._channel = confirming.result()

    def _on_channel(self, channel: Channel, confirming: asyncio.Future[Channel]) -> None:
        channel.add_on_close_callback(lambda channel, reason: self._on_closed(channel.connection, reason))
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _frame: _resolve(confirming, channel))

    def _set_blocked(self, blocked: bool) -> None:
        _log.warning("publisher_blocked", vhost=self._parameters.virtual_host, blocked=blocked)
        self._blocked = blocked

    def _on_closed(self, connection: AsyncioConnection, reason: object) -> None:
        if connection is self._connection:  # the farewell of a dropped one says nothing about its successor
            self._on_lost(reason)

    def _on_lost(self, reason: object) -> None:
        _log.warning("publisher_lost", vhost=self._parameters.virtual_host, reason=type(reason).__name__)
        self._lost.set()

    def _drop(self) -> None:
        """Forget the connection and answer everybody who waits on it."""
        connection, self._connection, self._channel = self._connection, None, None
        self.ready.clear()
        self._blocked = False
        if connection is not None and connection.is_open:
            connection.close()
        pending, self._in_flight = list(self._in_flight.values()), OrderedDict()
        backlog, self._backlog = list(self._backlog), deque()
        for message in pending:
            message.outcome(PublishUncertain("a conexão caiu antes da confirmação"))
        for message in backlog:
            message.outcome(BrokerUnavailable("a conexão caiu antes do envio"))

    # --- confirms ---------------------------------------------------------------------------------------

    def _on_return(self, _channel: Channel, _method: Any, properties: pika.BasicProperties, _body: bytes) -> None:
        pending = self._in_flight.get((properties.headers or {}).get(_SEQUENCE_HEADER, 0))
        if pending is not None:
            pending.returned = True

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        accepted = isinstance(method, pika.spec.Basic.Ack)
        for pending in self._confirmed(method.delivery_tag, method.multiple):
            self._nacks = 0 if accepted else self._nacks + 1
            pending.outcome(_verdict(pending, accepted))
        while self._backlog and self._is_open and len(self._in_flight) < self._max_in_flight:
            self._send(self._backlog.popleft())
        if self._nacks >= _NACKS_BEFORE_RECONNECT:
            self._on_lost(PublishRefused("nacks seguidos"))

    def _confirmed(self, tag: int, multiple: bool) -> list[_Pending]:
        if not multiple:
            pending = self._in_flight.pop(tag, None)
            return [pending] if pending else []
        confirmed: list[_Pending] = []
        while self._in_flight and next(iter(self._in_flight)) <= tag:
            confirmed.append(self._in_flight.popitem(last=False)[1])
        return confirmed

    async def _watch_confirms(self) -> None:
        while True:
            await asyncio.sleep(self._confirm_timeout_s / 4)
            oldest = next(iter(self._in_flight.values()), None)
            if oldest and self._loop.time() - oldest.sent_at > self._confirm_timeout_s:
                self._on_lost(PublishUncertain("confirmação não chegou a tempo"))


def _verdict(pending: _Pending, accepted: bool) -> BrokerError | None:
    if pending.returned:
        return Unroutable(f"a fila '{pending.queue}' não existe neste vhost")
    return None if accepted else PublishRefused("o broker recusou a mensagem")


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if future.done():
        return
    if isinstance(result, BaseException):
        future.set_exception(BrokerUnavailable(type(result).__name__))
    else:
        future.set_result(result)
