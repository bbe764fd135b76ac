"""What the process beside the consumers does for the gateway: the dead are billed, what is past its day is erased."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from shared.clock import now
from shared.database import Database
from shared.llm.cache import Kept, keep
from shared.llm.rates import Ask, take
from shared.llm.schema import attempts, budgets, cache, rates
from shared.settings import load_settings
from tests.integration.messaging.test_relay import until
from tests.integration.store.spending import accounts, limit, opened
from workers.housekeeping import Housekeeping

WAIT_S = 120
CROWD = 1_200  # more than two pages


async def test_abandoned_attempts_are_billed_and_old_answers_erased(database: Database) -> None:
    yesterday = now() - timedelta(days=1)
    with accounts(database, limit("tenant", "1")) as books:
        await asyncio.gather(*(books.open(opened(1, at=yesterday)) for _ in range(CROWD)))
        await books.open(opened(50))
    with database.write() as connection:
        keep(connection, [Kept(f"{n:064}", "{}", yesterday) for n in range(CROWD)])
        keep(connection, [Kept("fresh".ljust(64), "{}", now() + timedelta(hours=1))])
        take(connection, [Ask("default", "silent", "chat", 9, yesterday)])
    stop = asyncio.Event()
    running = asyncio.create_task(Housekeeping(load_settings(), database).run(stop))
    await until(lambda: _left(database) == (1, 1, 0))
    stop.set()
    await asyncio.wait_for(running, WAIT_S)
    with database.read() as connection:
        rows = connection.execute(select(budgets).order_by(budgets.c.starts_at)).all()
    assert [(row.reserved_microusd, row.spent_microusd) for row in rows] == [(0, CROWD), (50, 0)]


def _left(database: Database) -> tuple[int, ...]:
    """Attempts under way, answers, counts of requests."""
    queries = (
        select(func.count()).select_from(attempts).where(attempts.c.outcome.is_(None)),
        select(func.count()).select_from(cache),
        select(func.count()).select_from(rates),
    )
    with database.read() as connection:
        return tuple(connection.execute(query).scalar_one() for query in queries)
