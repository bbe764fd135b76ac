"""Every cell of the fault table, against real HTTP servers: alone, once and then well, and with a second deployment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from llmock.pytest_plugin import LLMock
from llmock.scenarios import Match
from llmock.testing import LLMockServer

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.catalogue import Catalogue, Deployment, Policy
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Finished, TextDelta
from shared.llm.errors import AnswerBroken
from shared.llm.gateway import Gateway
from tests.unit.llm.engine.books import Books, OpenBreakers
from tests.unit.llm.engine.fault_table import (
    DOCUMENT,
    LONG_S,
    PROVIDERS,
    RETRIES,
    ROWS,
    Injected,
    Outcome,
    Row,
    document,
)
from tests.unit.llm.engine.making import REQUEST, context, deployment, make_gateway
from tests.unit.llm.engine.upstream import Upstream, listening

pytestmark = pytest.mark.asyncio(loop_scope="module")
SCENARIOS = ("alone", "once", "backed")
TIGHT_S = 1.0
ROOMY_S = 2.0  # for who must answer within the limit, the second time, on a machine with other things to do
TOOL = {
    "type": "function",
    "function": {
        "name": "consultar",
        "description": "Consulta um código.",
        "parameters": {"type": "object", "properties": {"codigo": {"type": "string"}}},
    },
}
_LLMOCK = {"openai_compatible": "openai"}
CELLS = [
    pytest.param(row, provider, id=f"{row.id}-{provider}")
    for row in ROWS
    for provider in PROVIDERS
    if provider not in row.impossible
]


@dataclass
class House:
    """One gateway over everything that the table needs; a deployment is `provider.scenario.kind`."""

    gateway: Gateway
    books: Books
    breakers: OpenBreakers
    upstreams: dict[str, Upstream]


LIMITED = {"plain": (), "slow": ("first_token_s", "idle_s"), "stalled": ("idle_s",), "late": ("deadline_s",)}


def way(row: Row, provider: str) -> str:
    """Which of a provider's deployments a row asks: its limits, and through a bare socket or not."""
    raw = row.llmock is None or provider == "ollama"
    return f"{row.tight or 'plain'}.{'raw' if raw else 'llmock'}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(llmock_server: LLMockServer) -> AsyncIterator[House]:
    deployments: dict[str, Deployment] = {}
    policies: dict[str, Policy] = {}
    upstreams: dict[str, Upstream] = {}
    async with AsyncExitStack() as stack:
        backup = deployment(llmock_server.base_url("openai"), model="reserva", context_tokens=64_000)
        deployments["reserva"] = backup
        for provider in PROVIDERS:
            llmock = None if provider == "ollama" else llmock_server.base_url(_LLMOCK.get(provider, provider))
            for scenario in SCENARIOS:
                upstream = Upstream(llmock)
                root = await stack.enter_async_context(listening(upstream.serve))
                path = "" if llmock is None else llmock.removeprefix(llmock_server.url)
                for needed in sorted({way(row, provider) for row in ROWS}):
                    kind, through = needed.split(".")
                    name = f"{provider}.{scenario}.{needed}"
                    url = root + path if llmock is None or through == "raw" else llmock
                    upstreams[name] = upstream
                    model = f"m-{provider}-{scenario}"
                    limits = dict.fromkeys(LIMITED[kind], ROOMY_S if scenario == "once" else TIGHT_S)
                    deployments[name] = deployment(url, provider, model=model, **limits)
                    chosen = (name, "reserva") if scenario == "backed" else (name,)
                    policies[f"p.{name}"] = Policy(deployments=chosen, retries=RETRIES)
        books, breakers = Books(), OpenBreakers()
        models = Catalogue(deployments=deployments, policies={"padrao": Policy(deployments=("reserva",))} | policies)
        gateway = make_gateway(models, books=books, breakers=breakers)
        yield House(gateway, books, breakers, upstreams)
        await gateway.close()


@dataclass(frozen=True)
class Seen:
    """What one call came to."""

    reply: ChatReply | None
    error: ModelRefused | ModelUnavailable | None
    text: str
    attempts: list[tuple[str, str | None]]  # (outcome, who counted what was billed)
    deployments: list[str]


async def ask(house: House, row: Row, model: str) -> Seen:
    request = replace(REQUEST, model=f"p.{model}", tools=[TOOL] if row.tools else [])
    about = context()
    texts: list[str] = []
    reply = error = None
    try:
        reply = await _ask(house.gateway, row, request, about, texts)
    except (ModelRefused, ModelUnavailable) as raised:
        error = raised
    settled = house.books.of(about.request_id)
    opened = [attempt for attempt in house.books.opened if attempt.id.startswith(about.request_id)]
    billed = [(attempt.outcome, attempt.usage.source if attempt.usage else None) for attempt in settled]
    for attempt in settled:
        assert (attempt.cost_microusd > 0) == (attempt.usage is not None)
    return Seen(reply, error, "".join(texts), billed, [attempt.deployment for attempt in opened])


async def _ask(
    gateway: Gateway, row: Row, request: ChatRequest, about: CallContext, texts: list[str]
) -> ChatReply | None:
    if row.mode == "complete":
        return await gateway.complete(request, about)
    reply = None
    async for event in gateway.stream(request, about):
        if isinstance(event, TextDelta):
            texts.append(event.text)
        if isinstance(event, Finished):
            reply = event.reply
    return reply


def strike(row: Row, provider: str, house: House, llmock: LLMock) -> dict[str, str]:
    """Arm the fault in each scenario; the deployments to ask."""
    names = {}
    raw = "raw" in way(row, provider)
    for scenario in SCENARIOS:
        name = f"{provider}.{scenario}.{way(row, provider)}"
        times = 1 if scenario == "once" else None
        house.upstreams[name].break_with(replace(row.raw, times=times) if raw else None)
        if not raw:
            assert row.llmock is not None
            llmock.add(*row.llmock(Injected(provider, Match(model=f"m-{provider}-{scenario}"), times)))
        names[scenario] = name
    return names


@pytest.mark.parametrize(("row", "provider"), CELLS)
async def test_fault(row: Row, provider: str, house: House, llmock: LLMock) -> None:
    house.breakers.failures.clear()
    names = strike(row, provider, house, llmock)
    expected = row.expected(provider)
    alone, once, backed = await asyncio.gather(*(ask(house, row, names[scenario]) for scenario in SCENARIOS))
    if "raw" in names["alone"]:
        upstream = house.upstreams[names["alone"]].requests
    else:
        upstream = await asyncio.to_thread(count, llmock, f"m-{provider}-alone")
    # On a busy machine a tight limit may end an attempt before its request is out; none goes out beside an attempt.
    assert upstream == len(alone.attempts) or (row.tight and upstream < len(alone.attempts))
    assert_alone(alone, expected)
    assert_once(once, expected)
    assert_backed(backed, expected)
    told = [failure for failure in house.breakers.failures if failure[0] == names["alone"]]
    assert len(told) == (0 if expected.kind in ("overflow", "invalid_request") else expected.requests)
    if row.fault == "429, long Retry-After" and expected.retry_after:
        assert told[-1][2] == pytest.approx(LONG_S, abs=1)
    findings = {finding.code for finding in await asyncio.to_thread(judged, llmock)}
    assert findings <= _gave_up(row)


def count(llmock: LLMock, model: str) -> int:
    return sum(model in f"{record.model} {record.path}" for record in llmock.requests)


def judged(llmock: LLMock) -> list[Any]:
    return [finding for finding in llmock.verdict().findings if finding.severity == "error"]


def _gave_up(row: Row) -> set[str]:
    """A scenario in which the fault never passes must end with it: the last truncated stream is no accepted one."""
    return {"truncated_stream_accepted"} if row.fault.startswith("truncated") else set()


def assert_alone(seen: Seen, expected: Outcome) -> None:
    assert seen.reply is None
    error = seen.error
    assert error is not None
    assert (type(error).__name__, error.status, error.kind) == (expected.sees, expected.status, expected.kind)
    assert len(seen.attempts) == expected.requests
    assert {source or "nothing" for _, source in seen.attempts} == {expected.billed}
    assert {outcome for outcome, _ in seen.attempts} == {expected.kind}
    assert error.__cause__ is None
    assert error.__context__ is None
    if isinstance(error, ModelUnavailable):
        assert (error.retry_after is not None) == expected.retry_after
    if isinstance(error, AnswerBroken):
        assert error.partial == seen.text
    else:
        assert seen.text == ""


def assert_once(seen: Seen, expected: Outcome) -> None:
    """What passes is not seen, where it may be retried."""
    if expected.requests == 1:
        assert type(seen.error).__name__ == expected.sees
        assert len(seen.attempts) == 1
        return
    assert seen.error is None
    assert seen.reply is not None
    assert [outcome for outcome, _ in seen.attempts] == [expected.kind, "ok"]
    assert seen.reply.attempts == 2
    assert not seen.reply.fallback


def assert_backed(seen: Seen, expected: Outcome) -> None:
    if not expected.falls_back:
        assert type(seen.error).__name__ == expected.sees
        assert "reserva" not in seen.deployments
        return
    assert seen.error is None
    assert seen.reply is not None
    assert (seen.reply.deployment, seen.reply.fallback) == ("reserva", True)
    assert seen.deployments == [*[seen.deployments[0]] * expected.requests, "reserva"]


async def test_the_document_says_what_the_tests_run() -> None:
    assert DOCUMENT.read_text() == document(), "run: python -m tests.unit.llm.engine.fault_table"
