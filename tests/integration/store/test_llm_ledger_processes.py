"""Processes that spend from the same budgets at once, one of which is killed with a request under way."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from sqlalchemy import func, select, text

from shared.clock import now
from shared.database import Database
from shared.llm.ledger import sweep_abandoned
from shared.llm.schema import attempts
from tests.integration.store.spender import COST, LEFT_OPEN
from tests.integration.store.spending import EXPIRES_S, balances, url_of
from tests.platform import ROOT

CALLS = 40
WAIT_S = 60
_a = attempts.c


async def _spender(url: str) -> asyncio.subprocess.Process:
    program = ("-m", "tests.integration.store.spender", url, str(CALLS))
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *program, cwd=ROOT, stdin=pipe, stdout=pipe)


async def test_no_update_is_lost_and_the_dead_are_swept(database: Database) -> None:
    before = _deadlocks(database)
    spenders = [await _spender(url_of(database)) for _ in range(2)]
    for one in spenders:
        assert one.stdout is not None
        assert await asyncio.wait_for(one.stdout.readline(), WAIT_S) == b"open\n"
    spenders[0].kill()
    for one in spenders[1:]:
        await asyncio.wait_for(one.communicate(b""), WAIT_S)
        assert one.returncode == 0
    await spenders[0].wait()
    tenant = ("tenant", "default", "day")
    with database.read() as connection:
        made = connection.execute(select(func.count()).where(_a.outcome == "ok")).scalar_one()
    assert made > 3
    assert balances(database)[tenant] == (LEFT_OPEN, made * COST)
    with database.write() as connection:
        assert sweep_abandoned(connection, now() + timedelta(seconds=EXPIRES_S)) == 1
    assert balances(database)[tenant] == (0, made * COST + LEFT_OPEN)
    assert sum(reserved for reserved, _ in balances(database).values()) == 0
    assert _deadlocks(database) == before


def _deadlocks(database: Database) -> int:
    """They would not show: whoever is chosen to give way tries again."""
    if not database.is_postgresql:
        return 0
    with database.read() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(connection.execute(query).scalar_one())
