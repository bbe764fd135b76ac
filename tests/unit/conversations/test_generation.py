"""One generation against a store that is away, or that says something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from typing import Any

import pytest

from api.chat import generation
from api.chat.generation import Generation, Question
from shared.conversations import answers
from shared.conversations.records import MessageStatus
from shared.errors import StoreUnavailable
from shared.llm.contract import (
    CallContext,
    ChatReply,
    ChatRequest,
    Finished,
    StreamEvent,
    Surface,
    TextDelta,
    Usage,
)
from tests.unit.conversations.made import message


class Model:
    """Says two pieces, and waits between them until it may go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.closed = False

    async def stream(self, _request: ChatRequest, context: CallContext) -> AsyncGenerator[StreamEvent, None]:
        try:
            yield TextDelta("Bom ")
            await self.go_on.wait()
            yield TextDelta("dia")
            usage = Usage(1, 2, "provider")
            yield Finished(ChatReply("Bom dia", (), "stop", usage, "p", "m", "d", context.request_id))
        finally:
            self.closed = True


class Store:
    """Answers every write with what stands in `answers`, by operation; keeps what it was given."""

    def __init__(self, **said: list[Any]) -> None:
        self.said = said
        self.given: list[Any] = []
        self.flushed = asyncio.Event()

    def submit(self, operation: Any, item: Any) -> Future[Any]:
        said = self.said[operation.__name__]
        word = said.pop(0) if len(said) > 1 else said[0]
        if operation is answers.extend:
            self.flushed.set()
        if isinstance(word, Exception):
            raise word
        self.given.append(item)
        done: Future[Any] = Future()
        done.set_result(word)
        return done


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "_FLUSH_S", 0)
    monkeypatch.setattr(generation, "_SAVE_PAUSE_S", 0)


def _begun(model: Model, store: Store, *, background: bool = False) -> Generation:
    context = CallContext(Surface.CHAT, 5)
    asked = Question(ChatRequest([]), context, 9, streamed=True, background=background)
    return Generation(model, store, message(2, "assistant", "", status="streaming"), asked)  # type: ignore[arg-type]


async def test_the_end_is_said_once_it_is_kept() -> None:
    model, store = Model(), Store(extend=[True], end=[StoreUnavailable("x"), StoreUnavailable("x"), True])
    generation = _begun(model, store)
    model.go_on.set()
    ending = await generation.ended()
    assert (ending.outcome.status, ending.outcome.content, ending.error) == (MessageStatus.COMPLETE, "Bom dia", None)
    assert store.given[-1] == ending.outcome
    assert ending.outcome.prompt_estimate == 9


@pytest.mark.parametrize("fault", [StoreUnavailable("x"), ValueError("a value that no column takes")])
async def test_an_answer_that_cannot_be_kept_is_not_called_complete(fault: Exception) -> None:
    model, store = Model(), Store(extend=[StoreUnavailable("x")], end=[fault])
    generation = _begun(model, store)
    model.go_on.set()
    ending = await generation.ended()
    assert (ending.outcome.status, ending.outcome.error_code) == (MessageStatus.ERROR, "store-unavailable")
    assert generation.buffer.text == "Bom dia"


async def test_a_piece_that_was_not_kept_goes_with_the_next() -> None:
    model, store = Model(), Store(extend=[StoreUnavailable("x"), True], end=[True])
    generation = _begun(model, store)
    await store.flushed.wait()
    store.flushed.clear()
    model.go_on.set()
    ending = await generation.ended()
    assert ending.outcome.content == "Bom dia"
    assert all(piece.offset == 0 for piece in store.given[:-1])


async def test_what_somebody_else_ended_is_stopped_here() -> None:
    model, store = Model(), Store(extend=[False], end=[False])
    ending = await _begun(model, store, background=True).ended()
    assert model.closed
    assert ending.outcome.status == MessageStatus.INTERRUPTED


async def test_stopping_before_the_first_step_still_writes_the_end() -> None:
    model, store = Model(), Store(extend=[True], end=[True])
    generation = _begun(model, store)
    generation.stop("cancelled")
    generation.stop("shutting_down")
    ending = await generation.ended()
    assert (ending.outcome.status, ending.outcome.error_code) == (MessageStatus.INTERRUPTED, "cancelled")


async def test_only_the_last_reader_ends_it() -> None:
    model, store = Model(), Store(extend=[True], end=[True])
    generation = _begun(model, store)
    generation.join()
    generation.join()
    await generation.begun()
    generation.leave()
    await asyncio.sleep(0)
    assert not model.closed
    generation.leave()
    assert (await generation.ended()).outcome.error_code == "client_gone"
    assert model.closed
