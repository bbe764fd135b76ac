"""Requests per minute, counted by several processes in one store."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from shared.clock import now
from shared.database import Database
from shared.group_commit import GroupCommit
from shared.llm.rates import Allowance, Ask, forget_idle, take
from shared.llm.schema import rates

LIMIT = 25


async def test_processes_count_together_and_clients_apart(database: Database) -> None:
    moment = now()
    processes = [GroupCommit(database, [take]) for _ in range(3)]
    asks = [Ask("default", f"c{n % 2}", "chat", LIMIT, moment) for n in range(6 * LIMIT)]
    answers: list[Allowance] = await asyncio.gather(
        *(asyncio.wrap_future(processes[n % 3].submit(take, ask)) for n, ask in enumerate(asks))
    )
    for one in processes:
        one.close()
    let_in = Counter(ask.client for ask, answer in zip(asks, answers, strict=True) if answer.allowed)
    assert let_in == {"c0": LIMIT, "c1": LIMIT}
    assert all(answer.retry_after_s > 0 for answer in answers if not answer.allowed)


def test_surfaces_and_tenants_are_counted_apart(database: Database) -> None:
    moment = now()
    whose = [("a", "chat"), ("a", "webhook"), ("b", "chat"), ("a", "chat")]
    with database.write() as connection:
        answers = take(connection, [Ask(tenant, "c", surface, 1, moment) for tenant, surface in whose])
    assert [answer.allowed for answer in answers] == [True, True, True, False]


def test_silent_clients_are_forgotten(database: Database) -> None:
    moment = now()
    with database.write() as connection:
        take(connection, [Ask("default", "silent", "chat", LIMIT, moment - timedelta(hours=2))])
        take(connection, [Ask("default", "lively", "chat", LIMIT, moment)])
        assert forget_idle(connection, moment) == 1
        assert connection.execute(select(rates.c.client)).scalars().all() == ["lively"]
