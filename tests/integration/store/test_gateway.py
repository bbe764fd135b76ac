"""The whole gateway over both databases: the ledger, budgets and breakers of two processes that agree."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

import pytest
from llmock.pytest_plugin import LLMock
from sqlalchemy import select

from shared.database import Database
from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.assembly import open_gateway
from shared.llm.blocking import BlockingGateway
from shared.llm.catalogue import BudgetLimit, Catalogue, Deployment, Policy, Prices
from shared.llm.contract import CallContext, ChatRequest, Finished, Surface, TextDelta
from shared.llm.errors import BudgetExhausted
from shared.llm.gateway import Gateway
from shared.llm.interruption import Interruption
from shared.llm.schema import attempts
from shared.settings import load_settings

REQUEST = ChatRequest([{"role": "user", "content": "Qual é o valor de referência da hemoglobina?"}])
OTHER = ChatRequest([{"role": "user", "content": "E o da creatinina?"}])


def context(**changes: object) -> CallContext:
    return CallContext(Surface.CHAT, 20.0, **changes)  # type: ignore[arg-type]


def catalogue(llmock: LLMock, **more: object) -> Catalogue:
    """One that costs, then one that does not."""
    address = llmock.base_url()
    prices = Prices(input=Decimal(1), output=Decimal(2))
    return Catalogue(
        deployments={
            "pago": Deployment(provider="openai_compatible", model="pago", base_url=address, prices=prices),
            "livre": Deployment(provider="openai_compatible", model="livre", base_url=address),
        },
        policies={
            "padrao": Policy(deployments=("pago", "livre"), retries=1),
            "so-pago": Policy(deployments=("pago",), retries=0),
        },
        **more,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def processes(database: Database, models: Catalogue, number: int = 2) -> AsyncIterator[list[Gateway]]:
    """So many gateways over one store, as in so many processes."""
    async with AsyncExitStack() as stack:
        opened = [open_gateway(load_settings(), database, models) for _ in range(number)]
        for gateway in opened:
            stack.push_async_callback(gateway.close)
        yield opened


def rows(database: Database, request_id: str) -> list[tuple[object, ...]]:
    wanted = (attempts.c.n, attempts.c.deployment, attempts.c.outcome, attempts.c.status, attempts.c.usage_source)
    with database.read() as connection:
        query = select(*wanted).where(attempts.c.request_id == request_id).order_by(attempts.c.n)
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_row_for_each_attempt(database: Database, llmock: LLMock, stream: bool) -> None:
    llmock.fail(503, model="pago", times=None, retry_after=0.02)
    about = context(tenant="hospital", client="painel", domain="exames", subject_id="t-1")
    async with processes(database, catalogue(llmock), 1) as (gateway,):
        if stream:
            events = [event async for event in gateway.stream(REQUEST, about)]
            assert isinstance(events[0], TextDelta)
            assert isinstance(events[-1], Finished)
            reply = events[-1].reply
        else:
            reply = await gateway.complete(REQUEST, about)
    assert (reply.deployment, reply.fallback, reply.attempts) == ("livre", True, 3)
    assert rows(database, about.request_id) == [
        (1, "pago", "overloaded", 503, None),
        (2, "pago", "overloaded", 503, None),
        (3, "livre", "ok", None, "provider"),
    ]
    llmock.assert_resilient()


async def test_what_one_process_learns_the_other_knows(database: Database, llmock: LLMock) -> None:
    llmock.fail(401, model="pago", times=None)
    async with processes(database, catalogue(llmock)) as (first, second):
        for gateway, messages in ((first, REQUEST.messages), (second, OTHER.messages)):
            with pytest.raises(ModelRefused) as refused:
                await gateway.complete(ChatRequest(messages, model="so-pago"), context())
            assert refused.value.kind == "auth"
        assert (await second.complete(OTHER, context())).deployment == "livre"
    assert [record.model for record in llmock.requests] == ["pago", "livre"]
    llmock.assert_resilient()


async def test_a_long_retry_after_rests_the_deployment_for_everybody(database: Database, llmock: LLMock) -> None:
    llmock.fail(429, model="pago", retry_after=45)
    async with processes(database, catalogue(llmock)) as (first, second):
        assert (await first.complete(REQUEST, context())).deployment == "livre"
        reply = await second.complete(OTHER, context())
        with pytest.raises(ModelUnavailable) as resting:
            await second.complete(ChatRequest(OTHER.messages, model="so-pago"), context())
    assert (reply.deployment, reply.attempts) == ("livre", 1)
    assert resting.value.retry_after == pytest.approx(45, abs=10)
    llmock.assert_resilient()


async def test_two_processes_spend_one_budget(database: Database, llmock: LLMock) -> None:
    """A reservation is about 0.008 dollars: one fits, two do not until the first is settled."""
    limit = BudgetLimit(scope="tenant", name="hospital", limit_usd=Decimal("0.0083"))
    models = catalogue(llmock, budgets=(limit,))
    about: Callable[[], CallContext] = lambda: context(tenant="hospital")  # noqa: E731
    paid = ChatRequest(REQUEST.messages, model="so-pago")
    async with processes(database, models) as (first, second):
        spent = (await first.complete(paid, about())).cost_microusd
        assert 0 < spent < 1_000
        for _ in range(20):
            try:
                spent += (await second.complete(paid, about())).cost_microusd
            except BudgetExhausted as exhausted:
                assert exhausted.resets_at.tzinfo is not None
                break
        else:
            pytest.fail("the budget never ended")
        assert spent <= limit.limit_microusd
        assert (await first.complete(REQUEST, about())).deployment == "livre"
        assert (await first.complete(paid, context(tenant="outro"))).deployment == "pago"


def test_parent_and_child_each_keep_the_books(database_url: str, llmock: LLMock) -> None:
    """The parent's loop, threads and connections are not the child's."""
    models = catalogue(llmock)

    def opened() -> Gateway:
        return open_gateway(load_settings(), Database(database_url), models, owns_database=True)

    gateway = BlockingGateway(opened)
    ids = ["pai-antes", "filho", "pai-depois"]
    gateway.complete(REQUEST, context(request_id=ids[0]), interruption=Interruption())
    child = os.fork()
    if child == 0:
        try:
            gateway.complete(OTHER, context(request_id=ids[1]), interruption=Interruption())
            gateway.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    gateway.complete(REQUEST, context(request_id=ids[2]), interruption=Interruption())
    gateway.close()
    database = Database(database_url)
    assert [rows(database, name) for name in ids] == [[(1, "pago", "ok", None, "provider")]] * 3
    database.close()


async def test_an_exact_answer_is_used_again_only_where_it_was_asked_for(database: Database, llmock: LLMock) -> None:
    async with processes(database, catalogue(llmock, cache_s=60)) as (first, second):
        paid = await first.complete(REQUEST, context(cache_scope="paciente-1"))
        again = await second.complete(REQUEST, context(cache_scope="paciente-1"))
        assert (again.text, again.cached, again.cost_microusd) == (paid.text, True, 0)
        events = [event async for event in second.stream(REQUEST, context(cache_scope="paciente-1"))]
        assert "".join(event.text for event in events if isinstance(event, TextDelta)) == paid.text
        assert isinstance(events[-1], Finished)
        assert not (await second.complete(REQUEST, context(cache_scope="paciente-2"))).cached
        assert not (await second.complete(REQUEST, context())).cached
    assert len(llmock.requests) == 3
