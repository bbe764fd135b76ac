"""Money of model calls: reserved before, settled once, and never more than the limit promised away."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from shared.clock import now
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.group_commit import GroupCommit
from shared.llm.accounts import StoreAccounts
from shared.llm.budgets import charges, period_bounds
from shared.llm.catalogue import BudgetLimit
from shared.llm.errors import BudgetExhausted
from shared.llm.ledger import Opening, book, sweep_abandoned
from shared.llm.ports import AttemptOpened
from shared.llm.schema import attempts
from tests.integration.store.spending import (
    ZONE,
    accounts,
    balances,
    catalogue,
    context,
    ledger_row,
    limit,
    open_all,
    opened,
    settled,
)

TENANT_DAY = ("tenant", "default", "day")


async def test_a_reservation_is_held_until_the_true_cost_takes_its_place(database: Database) -> None:
    with accounts(database, limit("tenant", "1")) as books:
        attempt = opened(400_000)
        await books.open(attempt)
        assert balances(database) == {TENANT_DAY: (400_000, 0)}
        await books.settle(settled(attempt, 123))
        assert balances(database) == {TENANT_DAY: (0, 123)}
    row = ledger_row(database, attempt)
    assert (row.outcome, row.cost_microusd, row.reserved_microusd, row.n) == ("ok", 123, 400_000, 1)
    assert (row.prompt_tokens, row.completion_tokens, row.usage_source, row.finish_reason) == (
        10,
        5,
        "provider",
        "stop",
    )
    assert (row.status, row.first_token_ms, row.abandoned_at) == (200, 120, None)
    assert row.day == row.started_at.astimezone(ZONE).date()


async def test_a_second_settlement_changes_nothing(database: Database) -> None:
    with accounts(database, limit("tenant", "1")) as books:
        attempt = opened(400_000)
        await books.open(attempt)
        await books.settle(settled(attempt, 123))
        await books.settle(settled(attempt, 99_999, "cancelled"))
        await asyncio.gather(*(books.settle(settled(attempt, 7)) for _ in range(5)))
    assert balances(database) == {TENANT_DAY: (0, 123)}
    assert ledger_row(database, attempt).outcome == "ok"


async def test_what_no_longer_fits_is_refused_and_leaves_no_trace(database: Database) -> None:
    with accounts(database, limit("tenant", "1"), limit("client", "0.5")) as books:
        await books.open(opened(400_000))
        late = opened(200_000)
        with pytest.raises(BudgetExhausted) as refusal:
            await books.open(late)
        assert refusal.value.resets_at == period_bounds("day", late.started_at, ZONE)[1]
        assert "do cliente anonymous" in refusal.value.detail
    assert ledger_row(database, late) is None
    assert balances(database) == {TENANT_DAY: (400_000, 0), ("client", "anonymous", "day"): (400_000, 0)}


async def test_a_refusal_does_not_touch_others_of_its_batch(database: Database) -> None:
    poor, rich = context(client="poor"), context(client="rich")
    wanted = [opened(50, poor), opened(60, poor, 2), opened(90, rich), opened(50, poor, 3)]
    with accounts(database, limit("client", "0.0001")) as books:
        made = await open_all(books, wanted)
    assert made == [wanted[0], wanted[2], wanted[3]]
    assert balances(database) == {("client", "poor", "day"): (100, 0), ("client", "rich", "day"): (90, 0)}


async def test_what_is_given_back_can_be_used_in_the_same_batch(database: Database) -> None:
    with accounts(database, limit("tenant", "0.0001")) as books:
        first, second = opened(100), opened(100)
        await books.open(first)
        with database.write() as connection:
            assert book(connection, [_opening(second, "0.0001"), settled(first, 0)]) == [None, None]
    assert balances(database) == {TENANT_DAY: (100, 0)}


def _opening(attempt: AttemptOpened, usd: str) -> Opening:
    charged = charges([limit("tenant", usd)], attempt.context, attempt.started_at, ZONE)
    return Opening(attempt, attempt.started_at.date(), charged)


async def test_an_exact_name_stands_in_place_of_the_star(database: Database) -> None:
    limits = limit("client", "0.001"), limit("client", "0.00001", "batch"), limit("domain", "0.0005", "exames", "month")
    with accounts(database, *limits) as books:
        await books.open(opened(900, context(client="other")))
        with pytest.raises(BudgetExhausted):
            await books.open(opened(900, context(client="batch")))
        with pytest.raises(BudgetExhausted) as refusal:
            await books.open(opened(501, context(client="third", domain="exames")))
        assert refusal.value.resets_at == period_bounds("month", now(), ZONE)[1]
        await books.open(opened(10, context(client="batch", domain="opme")))
    used = {key: balance for key, balance in balances(database).items() if balance != (0, 0)}
    assert used == {("client", "other", "day"): (900, 0), ("client", "batch", "day"): (10, 0)}


async def test_tenants_do_not_share_the_money_of_a_name(database: Database) -> None:
    with accounts(database, limit("domain", "0.0001")) as books:
        await books.open(opened(100, context(tenant="a", domain="exames")))
        await books.open(opened(100, context(tenant="b", domain="exames")))


async def test_a_free_call_runs_though_the_budget_is_exhausted(database: Database) -> None:
    with accounts(database, limit("tenant", "0.0001")) as books:
        await books.open(opened(100))
        with pytest.raises(BudgetExhausted):
            await books.open(opened(1))
        await books.open(opened(0))


async def test_a_cost_above_its_reservation_is_booked_whole_and_stops_the_next(database: Database) -> None:
    with accounts(database, limit("tenant", "0.0001")) as books:
        attempt = opened(10)
        await books.open(attempt)
        await books.settle(settled(attempt, 250))
        with pytest.raises(BudgetExhausted):
            await books.open(opened(1))
        await books.open(opened(0))  # of a free model, though the money is more than gone
    assert balances(database) == {TENANT_DAY: (0, 250)}


async def test_of_two_that_refuse_the_later_one_says_when_to_come_back(database: Database) -> None:
    with accounts(database, limit("client", "0.0001"), limit("tenant", "0.0001", period="month")) as books:
        late = opened(200)
        with pytest.raises(BudgetExhausted) as refusal:
            await books.open(late)
    assert refusal.value.resets_at == period_bounds("month", late.started_at, ZONE)[1]


async def test_a_new_day_has_its_own_money(database: Database) -> None:
    tomorrow = period_bounds("day", now(), ZONE)[1]
    with accounts(database, limit("tenant", "0.0001")) as books:
        await books.open(opened(100, at=tomorrow - timedelta(microseconds=1)))
        with pytest.raises(BudgetExhausted):
            await books.open(opened(1, at=tomorrow - timedelta(microseconds=1)))
        await books.open(opened(100, at=tomorrow))


async def test_a_free_call_is_one_insert_and_one_update(database: Database) -> None:
    assert await _said_by_a_call(database, 0) in (["INSERT", "UPDATE"], ["INSERT", "WITH"])


async def test_a_call_with_budgets_looks_at_none_before_it_changes_them(database: Database) -> None:
    limits = limit("tenant", "1"), limit("client", "1")
    await _said_by_a_call(database, 100, *limits)  # the first of the day makes their rows
    said = await _said_by_a_call(database, 100, *limits)
    assert said in (["INSERT", "UPDATE", "UPDATE"] + ["UPDATE"] * 3, ["INSERT", "WITH", "WITH", "WITH"])


async def _said_by_a_call(database: Database, amount: int, *limits: BudgetLimit) -> list[str]:
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement.split()[0])

    event.listen(database.engine, "before_cursor_execute", listen)
    with accounts(database, *limits) as books:
        attempt = opened(amount)
        await books.open(attempt)
        await books.settle(settled(attempt, amount))
    event.remove(database.engine, "before_cursor_execute", listen)
    return [verb for verb in said if verb != "BEGIN"]


def test_a_batch_that_ran_already_reserves_nothing_more(database: Database) -> None:
    """A connection may die after the commit and before its answer: the batch then runs again."""
    attempt = opened(100)
    for _ in range(2):
        with database.write() as connection:
            book(connection, [_opening(attempt, "1")])
    assert balances(database) == {TENANT_DAY: (100, 0)}


def test_a_cancelled_opening_and_its_settlement_may_meet_in_one_batch(database: Database) -> None:
    attempt = opened(100)
    with database.write() as connection:
        book(connection, [_opening(attempt, "1"), settled(attempt, 30, "cancelled")])
    assert balances(database) == {TENANT_DAY: (0, 30)}
    assert ledger_row(database, attempt).outcome == "cancelled"


async def test_the_sweep_bills_the_reservation_of_whoever_vanished(database: Database) -> None:
    with accounts(database, limit("tenant", "1")) as books:
        gone, alive = opened(100), opened(50, at=now() + timedelta(seconds=1))
        await books.open(gone)
        await books.open(alive)
    with database.write() as connection:
        assert sweep_abandoned(connection, gone.expires_at + timedelta(microseconds=1)) == 1
        assert sweep_abandoned(connection, gone.expires_at + timedelta(microseconds=1)) == 0
    row = ledger_row(database, gone)
    assert (row.outcome, row.cost_microusd, row.usage_source) == ("abandoned", 100, "estimate")
    assert ledger_row(database, alive).outcome is None
    assert balances(database) == {TENANT_DAY: (50, 100)}


async def test_a_settlement_after_the_sweep_puts_the_true_cost_in_its_place_once(database: Database) -> None:
    with accounts(database, limit("tenant", "1")) as books:
        attempt = opened(100)
        await books.open(attempt)
        with database.write() as connection:
            sweep_abandoned(connection, attempt.expires_at + timedelta(seconds=1))
        await books.settle(settled(attempt, 30))
        await books.settle(settled(attempt, 70))
        with database.write() as connection:
            assert sweep_abandoned(connection, attempt.expires_at + timedelta(days=1)) == 0
    row = ledger_row(database, attempt)
    assert (row.outcome, row.cost_microusd, row.usage_source) == ("ok", 30, "provider")
    assert row.abandoned_at is not None
    assert balances(database) == {TENANT_DAY: (0, 30)}


async def test_a_store_that_is_away_refuses_to_open_and_is_told_of_settlements_when_it_is_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_options: Any) -> None:
        raise StoreUnavailable

    with accounts(database, limit("tenant", "1")) as books:
        attempt = opened(100)
        await books.open(attempt)
        with monkeypatch.context() as patch:
            patch.setattr(database, "write", away)
            with pytest.raises(StoreUnavailable):
                await books.open(opened(1))
            await books.settle(settled(attempt, 30))
        assert balances(database) == {TENANT_DAY: (100, 0)}
        await books.open(opened(0))  # the store is back
    assert balances(database) == {TENANT_DAY: (0, 30)}


async def test_hundreds_at_once_get_exactly_what_the_limit_holds(database: Database) -> None:
    """Two processes' worth of group commits over several budgets each."""
    limits = limit("tenant", "0.01"), limit("client", "0.005"), limit("domain", "0.004", period="month")
    wanted = [opened(100, context(client=f"c{n % 3}", domain=f"d{n % 4}" if n % 5 else None)) for n in range(240)]
    both = [GroupCommit(database, [book]), GroupCommit(database, [book])]
    books = [StoreAccounts(commits, catalogue(*limits), ZONE) for commits in both]
    made = [one for got in await asyncio.gather(*(open_all(books[n], wanted[n::2]) for n in (0, 1))) for one in got]
    assert len(made) == 100
    await asyncio.gather(*(books[n % 2].settle(settled(one, 60)) for n, one in enumerate(made)))
    for commits in both:
        commits.close()
    assert balances(database)[TENANT_DAY] == (0, 6_000)
    with database.read() as connection:
        assert connection.execute(select(func.sum(attempts.c.cost_microusd))).scalar_one() == 6_000
