"""The course of a call: order, pauses, money, breakers, the deadline, and what is said in the end."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock
from llmock.scenarios import Reply

from shared.errors import ModelRefused, ModelUnavailable, StoreUnavailable
from shared.llm.backoff import Backoff
from shared.llm.catalogue import Deployment, Prices
from shared.llm.contract import ChatReply, ChatRequest, Finished, TextDelta, ToolCallDelta
from shared.llm.errors import AnswerBroken, BudgetExhausted, ContextOverflow
from shared.llm.gateway import Gateway
from shared.llm.ports import AttemptOpened, ModelClient
from shared.llm.providers import create_client
from tests.simulated_time import SimulatedTime
from tests.unit.llm.engine.books import Books, OpenBreakers
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway

FREE = Prices()
# llmock takes the same words, sent again after a failure, for a retry of it.
OTHER = ChatRequest([{"role": "user", "content": "Outra pergunta."}])


def of(llmock: LLMock, **changes: Any) -> Deployment:
    return deployment(llmock.base_url(), **changes)


async def streamed(gateway: Gateway, **about: Any) -> tuple[str, ChatReply]:
    text, reply = "", None
    async for event in gateway.stream(REQUEST, context(**about)):
        if isinstance(event, TextDelta):
            text += event.text
        if isinstance(event, Finished):
            assert reply is None
            reply = event.reply
    assert reply is not None
    return text, reply


def models(llmock: LLMock) -> list[str | None]:
    return [record.model for record in llmock.requests]


async def test_a_stream_is_the_same_answer_as_a_whole_one(llmock: LLMock) -> None:
    gateway = make_gateway(catalogue(0, a=of(llmock)))
    llmock.reply("Uma resposta qualquer.", times=2)
    text, reply = await streamed(gateway)
    assert text == reply.text == (await gateway.complete(REQUEST, context())).text == "Uma resposta qualquer."
    assert (reply.finish_reason, reply.usage.source) == ("stop", "provider")


async def test_tool_calls_come_in_pieces_and_whole(llmock: LLMock) -> None:
    schema = {"type": "object", "properties": {"codigo": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "consultar", "description": "d", "parameters": schema}}
    llmock.call_tool("consultar", {"codigo": "um código comprido"})
    events = [
        event
        async for event in make_gateway(catalogue(0, a=of(llmock))).stream(replace(REQUEST, tools=[tool]), context())
    ]
    pieces = [event for event in events if isinstance(event, ToolCallDelta)]
    assert len(pieces) > 2
    assert [piece.name for piece in pieces if piece.name] == ["consultar"]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reply.finish_reason == "tool_calls"
    assert last.reply.tool_calls[0].arguments == {"codigo": "um código comprido"}


@pytest.mark.parametrize("reason", ["length", "content_filter"])
@pytest.mark.parametrize("text", ["Cortada no", ""])
async def test_a_cut_or_filtered_answer_is_returned_as_such(llmock: LLMock, reason: str, text: str) -> None:
    llmock.add(Reply(text=text, finish_reason=reason, times=None))
    gateway = make_gateway(catalogue(2, a=of(llmock)))
    reply = await gateway.complete(REQUEST, context())
    assert (reply.text, reply.finish_reason, reply.attempts) == (text, reason, 1)
    assert (await streamed(gateway))[1].finish_reason == reason


async def test_an_answer_that_began_with_a_stop_text_is_empty_and_whole(llmock: LLMock) -> None:
    """It says nothing against the deployment: anybody could close its breaker to everybody by asking so."""
    llmock.add(Reply(text="", finish_reason="stop", times=None))
    breakers = OpenBreakers()
    gateway = make_gateway(catalogue(2, a=of(llmock)), breakers=breakers)
    reply = await gateway.complete(replace(REQUEST, parameters={"stop": ["Olá"]}), context())
    assert (reply.text, reply.finish_reason, reply.attempts, breakers.failures) == ("", "stop", 1, [])


async def test_a_server_that_ends_without_a_finish_reason_may_be_declared(llmock: LLMock) -> None:
    llmock.reply("Um dois três quatro.", times=None).truncate(after_chunks=5, times=None)
    text, reply = await streamed(make_gateway(catalogue(0, a=of(llmock, needs_finish_reason=False))))
    assert (text, reply.finish_reason) == ("Um dois três quatro.", "stop")
    with pytest.raises(AnswerBroken) as broken:
        await streamed(make_gateway(catalogue(0, a=of(llmock))))
    assert broken.value.partial == "Um dois três quatro."


async def test_an_overflow_upstream_goes_only_to_a_larger_window(llmock: LLMock) -> None:
    llmock.fail(400, model="um", times=None, code="context_length_exceeded", message="context length")
    three = catalogue(
        1,
        a=of(llmock, model="um", context_tokens=8_000),
        b=of(llmock, model="dois", context_tokens=8_000),
        c=of(llmock, model="tres", context_tokens=9_000),
    )
    assert (await make_gateway(three).complete(REQUEST, context())).model == "tres"
    assert models(llmock) == ["um", "tres"]
    two = catalogue(1, a=three.deployments["a"], b=three.deployments["b"])
    with pytest.raises(ContextOverflow):
        await make_gateway(two).complete(OTHER, context())
    llmock.assert_resilient()


async def test_where_nobody_answers_what_may_pass_is_said_with_the_shortest_wait(llmock: LLMock) -> None:
    llmock.fail(401, model="um", times=None)
    llmock.fail(429, model="dois", times=None, retry_after=60)
    llmock.fail(503, model="tres", times=None, retry_after=40)
    trio = catalogue(0, **{name: of(llmock, model=name) for name in ("um", "dois", "tres")})
    with pytest.raises(ModelUnavailable) as caught:
        await make_gateway(trio).complete(REQUEST, context())
    assert (caught.value.kind, caught.value.retry_after) == ("overloaded", 40)
    only = catalogue(0, um=trio.deployments["um"])
    with pytest.raises(ModelRefused) as refused:
        await make_gateway(only).complete(OTHER, context())
    assert refused.value.kind == "auth"
    llmock.assert_resilient()


async def test_a_long_wait_costs_a_fallback_where_there_is_one(llmock: LLMock) -> None:
    """A second is too long while another may answer, and not where nobody else may."""
    waits = Backoff(base_s=0.01, cap_s=0.01, patience_s=0.05, last_patience_s=1.0)
    breakers = OpenBreakers()
    llmock.fail(429, model="um", retry_after=0.2)
    pair = catalogue(1, a=of(llmock, model="um"), b=of(llmock, model="dois"))
    reply = await make_gateway(pair, backoff=waits, breakers=breakers).complete(REQUEST, context())
    assert (reply.model, reply.fallback) == ("dois", True)
    assert [(name, kind) for name, kind, _ in breakers.failures] == [("a", "rate_limited")]
    assert breakers.failures[0][2] == pytest.approx(0.2)
    llmock.fail(429, model="um", retry_after=0.2)
    alone = catalogue(1, a=pair.deployments["a"])
    assert (await make_gateway(alone, backoff=waits).complete(OTHER, context())).attempts == 2
    llmock.assert_resilient()


async def test_a_wait_past_the_deadline_is_not_begun(llmock: LLMock) -> None:
    llmock.fail(429, times=None, retry_after=5)
    patient = Backoff(last_patience_s=60)
    with pytest.raises(ModelUnavailable) as caught:
        await make_gateway(catalogue(3, a=of(llmock)), backoff=patient).complete(REQUEST, context(deadline_s=4.5))
    assert caught.value.retry_after == 5
    assert len(llmock.requests) == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_the_deadline_of_the_call_ends_every_attempt(llmock: LLMock, stream: bool) -> None:
    llmock.delay(1.5, times=None)
    gateway = make_gateway(catalogue(5, a=of(llmock), b=of(llmock)))
    with pytest.raises(ModelUnavailable) as caught:
        await (streamed(gateway, deadline_s=0.5) if stream else gateway.complete(REQUEST, context(deadline_s=0.5)))
    assert caught.value.kind in ("timeout", "first_token_timeout")
    assert caught.value.__context__ is None


async def test_a_resting_deployment_is_not_asked(llmock: LLMock) -> None:
    breakers = OpenBreakers(resting={"a": datetime.now(UTC) + timedelta(seconds=30)})
    pair = catalogue(1, a=of(llmock, model="um"), b=of(llmock, model="dois"))
    reply = await make_gateway(pair, breakers=breakers).complete(REQUEST, context())
    assert (reply.model, reply.attempts, reply.fallback) == ("dois", 1, True)
    assert breakers.successes == ["b"]
    alone = make_gateway(catalogue(1, a=pair.deployments["a"]), breakers=breakers)
    with pytest.raises(ModelUnavailable) as caught:
        await alone.complete(REQUEST, context())
    assert caught.value.kind == "breaker_open"
    assert caught.value.retry_after == pytest.approx(30, abs=5)
    assert models(llmock) == ["dois"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("auth", ModelRefused),
        ("quota", ModelRefused),
        ("not_found", ModelRefused),
        ("overloaded", ModelUnavailable),
        ("rate_limited", ModelUnavailable),
    ],
)
async def test_who_comes_while_it_rests_is_told_the_same_as_who_came_before(
    llmock: LLMock, kind: str, said: type[Exception]
) -> None:
    breakers = OpenBreakers(resting={"a": datetime.now(UTC) + timedelta(seconds=30)}, kinds={"a": kind})
    with pytest.raises(said) as caught:
        await make_gateway(catalogue(1, a=of(llmock)), breakers=breakers).complete(REQUEST, context())
    if said is ModelRefused:
        assert caught.value.kind == kind
    assert models(llmock) == []


@pytest.mark.parametrize(("prices", "said"), [({}, BudgetExhausted), ({"prices": FREE}, ModelUnavailable)])
async def test_no_money_is_said_though_somebody_rests_unless_that_one_is_free(
    llmock: LLMock, prices: dict[str, Any], said: type[Exception]
) -> None:
    breakers = OpenBreakers(resting={"a": datetime.now(UTC) + timedelta(seconds=30)})
    pair = catalogue(1, a=of(llmock, **prices), b=of(llmock))
    with pytest.raises(said):
        await make_gateway(pair, books=Books(money_microusd=0), breakers=breakers).complete(REQUEST, context())
    assert models(llmock) == []


@pytest.mark.parametrize("stream", [True, False])
async def test_without_money_only_what_is_free_is_asked(llmock: LLMock, stream: bool) -> None:
    books = Books(money_microusd=0)
    paid, free = of(llmock, model="pago"), of(llmock, model="livre", prices=FREE)
    gateway = make_gateway(catalogue(1, a=paid, b=paid, c=free), books=books)
    reply = (await streamed(gateway))[1] if stream else await gateway.complete(REQUEST, context())
    assert (reply.model, reply.cost_microusd, reply.attempts) == ("livre", 0, 1)
    with pytest.raises(BudgetExhausted) as caught:
        await make_gateway(catalogue(1, a=paid, b=paid), books=books).complete(REQUEST, context())
    assert caught.value.resets_at.year == 2030
    assert models(llmock) == ["livre"]


async def test_the_worst_case_is_reserved_and_what_was_used_is_settled(llmock: LLMock) -> None:
    books = Books()
    gateway = make_gateway(catalogue(0, a=of(llmock)), books=books)
    reply = await gateway.complete(replace(REQUEST, parameters={"max_tokens": 500}), context())
    opened, settled = books.opened[0], books.settled[0]
    assert opened.reserve_microusd > 1_000
    used = reply.usage
    assert settled.cost_microusd == used.prompt_tokens + 2 * used.completion_tokens == reply.cost_microusd
    assert (settled.outcome, settled.finish_reason) == ("ok", "stop")
    assert opened.expires_at - opened.started_at > timedelta(seconds=60)


async def test_failed_attempts_are_in_the_cost_of_the_call(llmock: LLMock) -> None:
    books = Books()
    llmock.add(Reply(text=""))
    reply = await make_gateway(catalogue(1, a=of(llmock)), books=books).complete(REQUEST, context())
    assert reply.attempts == 2
    assert reply.cost_microusd == sum(attempt.cost_microusd for attempt in books.settled)
    assert all(attempt.cost_microusd for attempt in books.settled)


class NoStore(Books):
    """A store that is away."""

    async def open(self, attempt: AttemptOpened) -> None:
        raise StoreUnavailable("fora")


async def test_without_the_store_nothing_is_asked(llmock: LLMock) -> None:
    gateway = make_gateway(catalogue(1, a=of(llmock), b=of(llmock)), books=NoStore())
    with pytest.raises(StoreUnavailable):
        await gateway.complete(REQUEST, context())
    with pytest.raises(StoreUnavailable):
        await streamed(gateway)
    assert llmock.requests == []


class StuckStore(Books):
    """A store that neither answers nor fails."""

    async def open(self, attempt: AttemptOpened) -> None:
        await super().open(attempt)
        await asyncio.Event().wait()


def test_a_store_that_does_not_answer_ends_with_the_deadline(llmock: LLMock) -> None:
    books = StuckStore()
    gateway = make_gateway(catalogue(1, a=of(llmock)), books=books)
    assert gateway.models(), "where the deployment stands is known: no thread has to look it up"
    with asyncio.Runner(loop_factory=SimulatedTime) as runner, pytest.raises(StoreUnavailable):
        runner.run(gateway.complete(REQUEST, context(deadline_s=0.2)))
    assert [attempt.outcome for attempt in books.settled] == ["cancelled"]
    assert llmock.requests == []


async def test_importing_a_package_takes_nothing_of_the_calls_time(llmock: LLMock) -> None:
    def slowly(found: Deployment, inside: bool) -> ModelClient:
        threading.Event().wait(2.1)  # what an import is to the loop: a thread that takes its time
        return create_client(found, transfer_allowed=True, inside=inside)

    gateway = make_gateway(catalogue(0, um=of(llmock)), create=slowly)
    await gateway.complete(REQUEST, context(deadline_s=2.0))
    await gateway.close()
    assert models(llmock) == ["modelo"]


async def test_a_reader_who_takes_a_while_is_not_the_silence_of_the_provider(llmock: LLMock) -> None:
    llmock.reply("Uma resposta de várias palavras.").pace(20)
    slow = of(llmock, idle_s=1.0)
    text = ""
    async for event in make_gateway(catalogue(0, a=slow)).stream(REQUEST, context()):
        if isinstance(event, TextDelta):
            if not text:
                await asyncio.to_thread(threading.Event().wait, 1.5)
            text += event.text
    assert text == "Uma resposta de várias palavras."


def test_pauses_grow_with_jitter_to_a_cap() -> None:
    waits = Backoff(base_s=1, cap_s=4)
    drawn = [[waits.pause(retry, None) for _ in range(50)] for retry in range(4)]
    for limit, pauses in zip((1, 2, 4, 4), drawn, strict=True):
        assert limit / 2 <= min(pauses) < max(pauses) <= limit
    assert waits.pause(3, 0.7) == 0.7
