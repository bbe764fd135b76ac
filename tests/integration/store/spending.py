"""Attempts of model calls, opened and settled as the gateway does it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from shared.clock import now
from shared.database import Database
from shared.group_commit import GroupCommit
from shared.llm.accounts import StoreAccounts
from shared.llm.catalogue import BudgetLimit, Catalogue, Deployment, Policy
from shared.llm.contract import CallContext, Surface, Usage
from shared.llm.errors import BudgetExhausted
from shared.llm.ledger import book
from shared.llm.ports import AttemptOpened, AttemptSettled
from shared.llm.schema import attempts, budgets

ZONE = ZoneInfo("America/Sao_Paulo")
EXPIRES_S = 60


def limit(scope: Any, usd: str, name: str = "*", period: Any = "day") -> BudgetLimit:
    return BudgetLimit(scope=scope, name=name, period=period, limit_usd=Decimal(usd))


def catalogue(*limits: BudgetLimit, cache_s: int = 0) -> Catalogue:
    only = Deployment(provider="offline", model="m")
    return Catalogue(
        deployments={"unico": only},
        policies={"padrao": Policy(deployments=("unico",))},
        budgets=limits,
        cache_s=cache_s,
    )


def context(**given: Any) -> CallContext:
    return CallContext(**{"surface": Surface.CHAT, "deadline_s": 30.0, **given})


def opened(
    reserve: int, whose: CallContext | None = None, number: int = 1, at: datetime | None = None
) -> AttemptOpened:
    whose = whose or context()
    moment = at or now()
    return AttemptOpened(
        id=f"{whose.request_id}:{number}",
        context=whose,
        deployment="unico",
        provider="offline",
        model="m",
        started_at=moment,
        expires_at=moment + timedelta(seconds=EXPIRES_S),
        reserve_microusd=reserve,
    )


def settled(attempt: AttemptOpened, cost: int, outcome: str = "ok") -> AttemptSettled:
    return AttemptSettled(attempt.id, outcome, now(), cost, Usage(10, 5, "provider"), 200, 120, "stop")


@contextmanager
def accounts(database: Database, *limits: BudgetLimit) -> Iterator[StoreAccounts]:
    commits = GroupCommit(database, [book])
    try:
        yield StoreAccounts(commits, catalogue(*limits), ZONE)
    finally:
        commits.close()


async def open_all(books: StoreAccounts, wanted: Sequence[AttemptOpened]) -> list[AttemptOpened]:
    """All at once; those that were not refused."""
    answers = await asyncio.gather(*(books.open(one) for one in wanted), return_exceptions=True)
    for answer in answers:
        assert answer is None or isinstance(answer, BudgetExhausted), answer
    return [one for one, answer in zip(wanted, answers, strict=True) if answer is None]


def balances(database: Database) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(scope, name, period) → (reserved, spent)."""
    with database.read() as connection:
        rows = connection.execute(select(budgets)).all()
    return {(row.scope, row.name, row.period): (row.reserved_microusd, row.spent_microusd) for row in rows}


def ledger_row(database: Database, attempt: AttemptOpened) -> Any:
    with database.read() as connection:
        return connection.execute(select(attempts).where(attempts.c.id == attempt.id)).one_or_none()


def url_of(database: Database) -> str:
    """For another process, or another part of this one, that opens it by itself."""
    return database.engine.url.render_as_string(hide_password=False)
