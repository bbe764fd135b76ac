"""Breakers of two processes over one store: they agree, exactly one tries again, and closed ones cost nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.group_commit import GroupCommit
from shared.llm import breakers
from shared.llm.breakers import StoreBreakers, change
from shared.llm.catalogue import BreakerLimits

LIMITS = BreakerLimits(failures=3, open_s=100, probe_s=15)


class Clock:
    """Breakers' time, set ahead by the test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return clock.now() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(breakers, "now", made.now)
    return made


@pytest.fixture
def processes(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[StoreBreakers]]:
    """Three; each looks at the store at every question, so that no test waits for the second to pass."""
    monkeypatch.setattr(breakers, "_SNAPSHOT_S", 0.0)
    commits = [GroupCommit(database, [change]) for _ in range(3)]
    yield [StoreBreakers(one, database, LIMITS) for one in commits]
    for one in commits:
        one.close()


async def test_failures_of_all_processes_count_together(processes: list[StoreBreakers]) -> None:
    for one in processes:
        assert (await one.admit("a")).admitted
        await one.failed("a", "overloaded", None)
    for one in processes:
        admission = await one.admit("a")
        assert not admission.admitted and admission.until is not None
        assert (await one.admit("b")).admitted


async def test_exactly_one_of_all_processes_probes(processes: list[StoreBreakers], time: Clock) -> None:
    await processes[0].failed("a", "auth", None)
    time.advance(1000)
    asked = [one.admit("a") for one in processes for _ in range(20)]
    admissions = await asyncio.gather(*asked)
    assert sum(admission.admitted for admission in admissions) == 1
    assert sum(admission.probe for admission in admissions) == 1
    assert all(admission.until is not None for admission in admissions if not admission.admitted)


async def test_a_successful_probe_opens_the_way_for_all(processes: list[StoreBreakers], time: Clock) -> None:
    await processes[0].failed("a", "auth", None)
    time.advance(1000)
    assert (await processes[1].admit("a")).probe
    await processes[1].succeeded("a")
    for one in processes:
        admission = await one.admit("a")
        assert admission.admitted and not admission.probe


async def test_a_dead_prober_blocks_for_no_longer_than_a_probe(processes: list[StoreBreakers], time: Clock) -> None:
    await processes[0].failed("a", "auth", None)
    time.advance(1000)
    assert (await processes[0].admit("a")).probe
    time.advance(LIMITS.probe_s - 1)
    assert not (await processes[1].admit("a")).admitted
    time.advance(2)
    assert (await processes[1].admit("a")).probe


async def test_a_probe_that_was_given_back_is_the_next_one_s(processes: list[StoreBreakers], time: Clock) -> None:
    await processes[0].failed("a", "auth", None)
    time.advance(1000)
    assert (await processes[0].admit("a")).probe
    await processes[0].released("a")
    assert (await processes[1].admit("a")).probe
    assert not (await processes[2].admit("a")).admitted


async def test_a_probe_that_failed_or_succeeded_a_moment_ago_is_known_when_claiming(
    processes: list[StoreBreakers], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    prober, late, later = processes
    await prober.failed("a", "auth", None)
    time.advance(1000)

    async def not_now() -> None:
        """No second has passed since the last reading."""

    for one in (late, later):
        await one._refresh()
        monkeypatch.setattr(one, "_refresh", not_now)
    assert (await prober.admit("a")).probe
    await prober.failed("a", "auth", None)
    admission = await late.admit("a")
    assert not admission.admitted and admission.until == prober._known["a"].open_until
    time.advance(1000)
    assert (await prober.admit("a")).probe
    await prober.succeeded("a")
    admission = await later.admit("a")
    assert admission.admitted and not admission.probe


async def test_a_retry_after_holds_for_all(processes: list[StoreBreakers], time: Clock) -> None:
    await processes[0].failed("a", "rate_limited", 500.0)
    admission = await processes[2].admit("a")
    assert admission.until is not None
    assert abs((admission.until - time.now()).total_seconds() - 500) < 60


async def test_a_closed_breaker_costs_a_reading_a_second_and_no_write(database: Database) -> None:
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement.split()[0])

    commits = GroupCommit(database, [change])
    one = StoreBreakers(commits, database, LIMITS)
    one._read_at = asyncio.get_running_loop().time() + 3600  # no second passes
    event.listen(database.engine, "before_cursor_execute", listen)
    for _ in range(50):
        assert (await one.admit("a")).admitted
        await one.succeeded("a")
    one._read_at = float("-inf")
    await asyncio.gather(*(one.admit("a") for _ in range(50)))
    event.remove(database.engine, "before_cursor_execute", listen)
    commits.close()
    assert [verb for verb in said if verb != "BEGIN"] == ["SELECT"]


async def test_own_failures_are_seen_at_once(database: Database) -> None:
    commits = GroupCommit(database, [change])
    one = StoreBreakers(commits, database, LIMITS)
    assert (await one.admit("a")).admitted
    await one.failed("a", "quota", None)
    assert not (await one.admit("a")).admitted
    commits.close()


async def test_a_reading_that_began_before_an_own_write_does_not_hide_it(
    processes: list[StoreBreakers], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = processes[0]
    await one.failed("a", "overloaded", None)
    stale = one._rows()
    await one.failed("a", "quota", None)
    monkeypatch.setattr(one, "_rows", lambda: stale)
    assert not (await one.admit("a")).admitted


async def test_while_the_store_is_away_the_last_snapshot_and_own_eyes_decide(
    processes: list[StoreBreakers], database: Database, monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    def away(**_options: Any) -> None:
        raise StoreUnavailable

    one = processes[0]
    await one.failed("down", "auth", None)
    monkeypatch.setattr(database, "write", away)
    monkeypatch.setattr(database, "read", away)
    assert (await one.admit("up")).admitted
    assert not (await one.admit("down")).admitted
    for _ in range(LIMITS.failures):
        await one.failed("up", "overloaded", None)
    assert not (await one.admit("up")).admitted
    time.advance(1000)
    assert [(await one.admit("up")).admitted for _ in range(3)] == [True, False, False]
    await one.succeeded("up")
    assert (await one.admit("up")).admitted


async def test_a_store_that_hangs_is_not_waited_for(
    processes: list[StoreBreakers], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = threading.Event()
    read, write = database.read, database.write

    def hanging(through: Any) -> Any:
        def hang(**_options: Any) -> Any:
            assert back.wait(60)
            return through()

        return hang

    one = processes[0]
    monkeypatch.setattr(breakers, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(database, "read", hanging(read))
    monkeypatch.setattr(database, "write", hanging(write))
    try:
        async with asyncio.timeout(30):
            assert (await one.admit("a")).admitted
            await one.failed("a", "auth", None)
            assert not (await one.admit("a")).admitted
    finally:
        back.set()
