"""Whoever stops listening closes the provider's socket within a second, and is billed once: seen from the socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import pytest

from shared.errors import ModelUnavailable, StoreUnavailable
from shared.llm.contract import TextDelta
from shared.llm.gateway import Gateway
from shared.llm.ports import AttemptOpened, AttemptSettled
from tests.simulated_time import SimulatedTime
from tests.unit.llm.engine.books import Books, OpenBreakers
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway
from tests.unit.llm.wire.raw_provider import FIRST_PIECE, RawProvider, raw_provider

# The promise of the issue, not a measurement: what is still open then stays open until somebody collects it.
WITHIN_S = 1.0
every_provider = pytest.mark.parametrize("provider", FIRST_PIECE)


@dataclass
class Silent:
    """A gateway onto a provider that says one word, or nothing, and then waits for ever."""

    gateway: Gateway
    stub: RawProvider
    books: Books
    breakers: OpenBreakers


async def silent(stub: RawProvider, books: Books | None = None) -> Silent:
    books, breakers = books or Books(), OpenBreakers()
    models = catalogue(3, a=deployment(stub.url, stub.provider), b=deployment(stub.url, stub.provider))
    return Silent(make_gateway(models, books=books, breakers=breakers), stub, books, breakers)


async def assert_given_up(there: Silent, *, billed: bool = True) -> None:
    async with asyncio.timeout(WITHIN_S):
        await there.stub.hung_up.wait()
    await there.gateway.close()  # waits for what is being settled
    assert [attempt.outcome for attempt in there.books.settled] == ["cancelled"]
    assert len(there.books.opened) == 1
    used = there.books.settled[0].usage
    assert (used is not None and used.source == "estimate") == billed
    assert there.breakers.failures == []


@every_provider
async def test_a_closed_stream(provider: str) -> None:
    async with raw_provider(provider) as stub:
        there = await silent(stub)
        events = there.gateway.stream(REQUEST, context())
        assert await anext(events) == TextDelta("olá ")
        await events.aclose()
        await assert_given_up(there)
        assert there.books.settled[0].usage is not None
        assert there.books.settled[0].usage.completion_tokens == 1


async def read_on(events: AsyncIterator[object], first: asyncio.Event) -> None:
    async for _ in events:
        first.set()


@every_provider
async def test_a_cancelled_reader(provider: str) -> None:
    async with raw_provider(provider) as stub:
        there, first = await silent(stub), asyncio.Event()
        reading = asyncio.create_task(read_on(there.gateway.stream(REQUEST, context()), first))
        await first.wait()
        reading.cancel()
        await asyncio.wait([reading])
        assert reading.cancelled()
        await assert_given_up(there)


@every_provider
async def test_a_caller_of_the_whole_answer_who_is_cancelled(provider: str) -> None:
    async with raw_provider(provider, answers=False) as stub:
        there = await silent(stub)
        asking = asyncio.create_task(there.gateway.complete(REQUEST, context()))
        await stub.asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        await assert_given_up(there)


async def test_a_scope_that_cancels_again_at_every_wait() -> None:
    """Starlette ends a response whose client is gone like this."""
    async with raw_provider("openai") as stub:
        there, first = await silent(stub), asyncio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(read_on, there.gateway.stream(REQUEST, context()), first)
            await first.wait()
            group.cancel_scope.cancel()
        await assert_given_up(there)


async def test_a_stream_that_nobody_closes_is_closed_when_it_is_collected() -> None:
    async with raw_provider("openai") as stub:
        there = await silent(stub)
        events = there.gateway.stream(REQUEST, context())
        await anext(events)
        del events
        await assert_given_up(there)


class SlowBooks(Books):
    """A store that is writing the reservation while its caller is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = asyncio.Event()

    async def open(self, attempt: AttemptOpened) -> None:
        await super().open(attempt)
        self.writing.set()
        await asyncio.Event().wait()


async def test_a_reservation_that_nobody_waits_for_is_given_back() -> None:
    async with raw_provider("openai") as stub:
        books = SlowBooks()
        there = await silent(stub, books)
        asking = asyncio.create_task(there.gateway.complete(REQUEST, context()))
        await books.writing.wait()
        asking.cancel()
        await asyncio.wait([asking])
        await there.gateway.close()
        assert [(attempt.outcome, attempt.cost_microusd) for attempt in books.settled] == [("cancelled", 0)]
        assert not stub.asked.is_set()


class HangingBreakers(OpenBreakers):
    """In a store that answers nothing, whatever it is told."""

    def __init__(self, *, until: asyncio.Event) -> None:
        super().__init__()
        self._until = until

    async def failed(self, deployment: str, kind: str, cool_down_s: float | None) -> None:
        await self._until.wait()


class HangingBooks(Books):
    def __init__(self, *, opens: bool, until: asyncio.Event) -> None:
        super().__init__()
        self._opens = opens
        self._until = until

    async def open(self, attempt: AttemptOpened) -> None:
        await super().open(attempt)
        if not self._opens:
            await self._until.wait()

    async def settle(self, attempt: AttemptSettled) -> None:
        await self._until.wait()
        await super().settle(attempt)


@pytest.mark.parametrize("opens", [True, False], ids=["at the end", "from the beginning"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_store_that_hangs_delays_no_answer_past_its_deadline(stream: bool, opens: bool) -> None:
    """Two to three seconds for each of three waits, before the call's own deadline bounded them all."""
    with asyncio.Runner(loop_factory=SimulatedTime) as runner:
        runner.run(_answered_while_the_store_hangs(stream, opens))


async def _answered_while_the_store_hangs(stream: bool, opens: bool) -> None:
    async with raw_provider("openai", answers=False) as stub:
        back = asyncio.Event()
        books, breakers = HangingBooks(opens=opens, until=back), HangingBreakers(until=back)
        gateway = make_gateway(catalogue(3, a=deployment(stub.url, stub.provider)), books=books, breakers=breakers)
        assert gateway.models(), "where the deployment stands is known: no thread has to look it up"
        with pytest.raises((ModelUnavailable, StoreUnavailable)):
            async with asyncio.timeout(WITHIN_S):
                if stream:
                    await anext(gateway.stream(REQUEST, context(deadline_s=0.1)))
                else:
                    await gateway.complete(REQUEST, context(deadline_s=0.1))
        back.set()
        await gateway.close()
        assert [attempt.outcome for attempt in books.settled] == ["timeout" if opens else "cancelled"]


class StubbornBooks(Books):
    """A store that takes its time to settle: its caller may be cancelled once more meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.settling = asyncio.Event()
        self.may_settle = asyncio.Event()

    async def settle(self, attempt: AttemptSettled) -> None:
        self.settling.set()
        await self.may_settle.wait()
        await super().settle(attempt)


async def test_a_second_cancellation_does_not_stop_the_settling() -> None:
    async with raw_provider("openai", answers=False) as stub:
        books = StubbornBooks()
        there = await silent(stub, books)
        asking = asyncio.create_task(there.gateway.complete(REQUEST, context()))
        await stub.asked.wait()
        asking.cancel()
        await books.settling.wait()
        asking.cancel()
        await asyncio.wait([asking])
        books.may_settle.set()
        await assert_given_up(there)


async def test_closing_waits_for_what_was_cancelled_a_moment_ago() -> None:
    """A server that is told to stop cancels its requests and closes the gateway in the same breath."""
    async with raw_provider("openai") as stub:
        there = await silent(stub)
        calls = [asyncio.create_task(there.gateway.complete(REQUEST, context())) for _ in range(20)]
        async with asyncio.timeout(60):
            while len(there.books.opened) < len(calls):  # noqa: ASYNC110 - what is probed has no event to wait for
                await asyncio.sleep(0.01)
        for call in calls:
            call.cancel()
        await there.gateway.close()
        assert [one.outcome for one in there.books.settled] == ["cancelled"] * len(calls)
        await asyncio.gather(*calls, return_exceptions=True)
