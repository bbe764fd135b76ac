"""The gateway for threads: interruption, closing, and life after a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from shared.errors import ModelUnavailable
from shared.llm.backoff import Backoff
from shared.llm.blocking import BlockingGateway
from shared.llm.catalogue import Catalogue
from shared.llm.contract import ChatReply, Interrupted
from shared.llm.interruption import Interruption
from tests.unit.llm.engine.books import Books
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway
from tests.unit.llm.engine.upstream import Raw, Upstream, listening

PATIENT = Backoff(base_s=8.0, cap_s=8.0, last_patience_s=60)
AT_MOST_S = 25.0  # a stalled connection is closed by itself after thirty


class Stalling(Upstream):
    """Speaks Ollama. `asked` and `abandoned` are for threads."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.abandoned = threading.Event()

    async def _misbehave(self, fault: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.set()
        try:
            await super()._misbehave(fault, reader, writer)
        finally:
            self.abandoned.set()


@contextmanager
def served(upstream: Upstream) -> Iterator[str]:
    """The URL of `upstream`, on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = listening(upstream.serve)
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(AT_MOST_S)
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(AT_MOST_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def upstream() -> Stalling:
    return Stalling()


@pytest.fixture
def models(upstream: Stalling) -> Iterator[Catalogue]:
    with served(upstream) as url:
        yield catalogue(1, a=deployment(url, "ollama"))


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def gateway(models: Catalogue, books: Books) -> Iterator[BlockingGateway]:
    opened = BlockingGateway(lambda: make_gateway(models, books=books, backoff=PATIENT))
    yield opened
    opened.close()


def ask(gateway: BlockingGateway, interruption: Interruption | None = None) -> ChatReply:
    return gateway.complete(REQUEST, context(), interruption=interruption or Interruption())


def interrupted(gateway: BlockingGateway, upstream: Stalling) -> None:
    interruption = Interruption()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, gateway, interruption)
        assert upstream.asked.wait(AT_MOST_S)
        interruption.fire()
        with pytest.raises(Interrupted):
            waiting.result(AT_MOST_S)


def test_many_threads_share_one_loop(gateway: BlockingGateway, books: Books) -> None:
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: ask(gateway), range(48)))
    assert len({reply.request_id for reply in replies}) == 48
    assert {reply.text for reply in replies} == {"Olá, aqui fala o modelo."}
    assert len(books.settled) == 48
    assert [thread.name for thread in threading.enumerate()].count("llm-gateway") == 1


def test_interruption_ends_a_call_and_its_request(gateway: BlockingGateway, upstream: Stalling, books: Books) -> None:
    upstream.break_with(Raw("stall", after=1))
    interrupted(gateway, upstream)
    assert upstream.abandoned.wait(AT_MOST_S)
    gateway.close()  # waits for what is being settled
    assert [attempt.outcome for attempt in books.settled] == ["cancelled"]


def test_interruption_ends_a_pause_between_attempts(gateway: BlockingGateway, upstream: Stalling) -> None:
    """The pause would last longer than the test may."""
    upstream.break_with(Raw("status", status=503))
    interrupted(gateway, upstream)
    assert upstream.requests == 1


def test_a_fired_interruption_asks_nothing(gateway: BlockingGateway, upstream: Stalling) -> None:
    interruption = Interruption()
    interruption.fire()
    with pytest.raises(Interrupted):
        ask(gateway, interruption)
    assert upstream.requests == 0


def test_closing_ends_calls_in_flight_and_a_later_call_works(
    gateway: BlockingGateway, upstream: Stalling, books: Books
) -> None:
    upstream.break_with(Raw("stall", times=1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, gateway)
        assert upstream.asked.wait(AT_MOST_S)
        gateway.close()
        with pytest.raises(Interrupted):
            waiting.result(AT_MOST_S)
    assert [attempt.outcome for attempt in books.settled] == ["cancelled"]
    assert ask(gateway).text


def test_a_call_that_comes_while_it_closes_ends_too(gateway: BlockingGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Submitted to a loop that has stopped listening, it would wait for ever."""
    submit = asyncio.run_coroutine_threadsafe
    closing = threading.Thread(target=gateway.close)

    def late(call: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> Future[Any]:
        monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", submit)
        closing.start()
        closing.join(0.2)  # without the lock it has closed the loop by now
        return submit(call, loop)

    assert ask(gateway).text
    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", late)
    with pytest.raises(Interrupted):
        ask(gateway)
    closing.join(AT_MOST_S)
    assert not closing.is_alive()


def test_a_forked_child_makes_its_own_loop(gateway: BlockingGateway) -> None:
    assert ask(gateway).text
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if ask(gateway).text else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_errors_come_as_they_are(upstream: Stalling, models: Catalogue) -> None:
    upstream.break_with(Raw("status", status=503))
    quick = BlockingGateway(lambda: make_gateway(models))
    with pytest.raises(ModelUnavailable) as caught:
        ask(quick)
    quick.close()
    assert caught.value.kind == "overloaded"
    assert caught.value.__cause__ is None


def test_models_need_no_call(gateway: BlockingGateway) -> None:
    assert [card.id for card in gateway.models()] == ["padrao", "a"]


def test_a_gateway_outlives_the_loop_it_was_first_used_on(models: Catalogue, llmock: LLMock) -> None:
    """Clients belong to a loop; a second one gets its own."""
    gateway = make_gateway(catalogue(0, a=deployment(llmock.base_url())))
    for _ in range(2):
        assert asyncio.run(gateway.complete(REQUEST, context())).text
    assert len(llmock.requests) == 2
