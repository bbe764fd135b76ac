"""Waiting for a change: woken by it, by nothing else, and never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from api.watching import Watcher
from shared.database import Database, metadata
from shared.tasks.schema import tasks
from tests.integration.store.rows import accepted

LONG_S = 120


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'plantao.db'}")
    with opened.write() as connection:
        metadata.create_all(connection)
    yield opened
    opened.close()


@pytest.fixture
async def watcher(database: Database) -> AsyncIterator[Watcher]:
    made = Watcher(database)
    yield made
    await made.close()


def move(database: Database, task_id: str) -> None:
    with database.write() as connection:
        connection.execute(update(tasks).where(tasks.c.id == task_id).values(version=tasks.c.version + 1))


async def test_a_change_that_was_missed_is_seen_at_once(watcher: Watcher, database: Database) -> None:
    task_id = accepted(database)
    move(database, task_id)
    assert await watcher.wait(task_id, 1, LONG_S) is True


async def test_everybody_who_waits_for_a_task_is_woken_and_nobody_else(watcher: Watcher, database: Database) -> None:
    one, other = accepted(database), accepted(database)
    waiting = [asyncio.create_task(watcher.wait(one, 1, LONG_S)) for _ in range(3)]
    bystander = asyncio.create_task(watcher.wait(other, 1, LONG_S))
    await asyncio.sleep(0)
    move(database, one)
    assert await asyncio.gather(*waiting) == [True] * 3
    assert not bystander.done()
    move(database, other)
    assert await bystander is True


async def test_without_a_change_the_wait_ends_by_itself(watcher: Watcher, database: Database) -> None:
    assert await watcher.wait(accepted(database), 1, 0.25) is False


async def test_a_task_that_does_not_exist_never_changes(watcher: Watcher) -> None:
    assert await watcher.wait("no-such-task", 1, 0.25) is False


async def test_it_watches_again_after_a_pause(watcher: Watcher, database: Database) -> None:
    task_id = accepted(database)
    assert await watcher.wait(task_id, 1, 0.05) is False
    move(database, task_id)
    assert await watcher.wait(task_id, 1, LONG_S) is True
    assert await watcher.wait(task_id, 2, 0.25) is False


async def test_a_store_that_is_away_only_pauses_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'later.db'}")
    watcher = Watcher(database)
    with capture_logs() as logs:
        waiting = asyncio.create_task(watcher.wait("t1", 1, LONG_S))
        while not any(line["event"] == "watch_paused" for line in logs):  # noqa: ASYNC110 - a log is no event
            await asyncio.sleep(0.01)
    with database.write() as connection:
        metadata.create_all(connection)
    move_to = accepted(database)
    with database.write() as connection:
        connection.execute(update(tasks).where(tasks.c.id == move_to).values(id="t1", version=2))
    assert await waiting is True
    await watcher.close()
    database.close()


async def test_who_gives_up_leaves_nothing_behind(watcher: Watcher, database: Database) -> None:
    waiting = asyncio.create_task(watcher.wait(accepted(database), 1, LONG_S))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not watcher._watched
