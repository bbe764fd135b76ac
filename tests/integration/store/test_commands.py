"""What people do to tasks: cancel and replay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.errors import Conflict, NotFound
from shared.tasks import commands, reading, settling
from shared.tasks.claiming import Refusal
from shared.tasks.states import TaskStatus
from tests.integration.store.clock import StoreClock
from tests.integration.store.rows import (
    TENANT,
    accepted,
    claim,
    claimed,
    completed,
    failed,
    kinds,
    results,
    retrying,
    row,
    settle,
)

HELD_UP = text("SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted")


def _cancel(database: Database, task_id: str, tenant: str = TENANT) -> TaskStatus:
    with database.write() as connection:
        return commands.cancel(connection, tenant, task_id)


def _replay(database: Database, task_id: str, clock: StoreClock, tenant: str = TENANT) -> None:
    with database.write() as connection:
        commands.replay(connection, tenant, task_id, clock.now() + timedelta(seconds=5))


def test_a_waiting_task_is_cancelled_at_once(database: Database, clock: StoreClock) -> None:
    pending, retry = accepted(database), accepted(database)
    settle(database, retrying(claimed(database, retry), clock.now() + timedelta(seconds=60)))
    for task_id in (pending, retry):
        assert _cancel(database, task_id) is TaskStatus.CANCELLED
        found = row(database, task_id)
        assert (found.status, found.publish_at, found.not_before) == ("cancelled", None, None)
        assert found.finished_at is not None
        assert kinds(database, task_id)[-1] == "cancelled"
        assert claim(database, task_id) == [Refusal.TERMINAL]


def test_a_running_task_is_asked_to_stop_and_keeps_its_owner(database: Database) -> None:
    mine = claimed(database, accepted(database))
    assert _cancel(database, mine.task_id) is TaskStatus.RUNNING
    found = row(database, mine.task_id)
    assert (found.status, found.cancel_requested, found.owner) == ("running", True, "w1")
    assert kinds(database, mine.task_id) == ["published", "claimed", "cancel_requested"]


def test_a_cancel_that_meets_the_end_of_an_attempt_holds_for_what_comes_of_it(
    database: Database, clock: StoreClock
) -> None:
    mine = claimed(database, accepted(database))
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            settling.settle(connection, [retrying(mine, clock.now() + timedelta(seconds=60))])
            asked = pool.submit(_cancel, database, mine.task_id)
            while database.is_postgresql and not asked.done() and not connection.execute(HELD_UP).scalar_one():
                sleep(0.02)
        assert asked.result() is TaskStatus.CANCELLED
    assert row(database, mine.task_id).status == "cancelled"


def test_what_ended_cannot_be_cancelled(database: Database) -> None:
    task_id = accepted(database)
    settle(database, completed(claimed(database, task_id)))
    with pytest.raises(Conflict, match="completed"):
        _cancel(database, task_id)
    assert row(database, task_id).status == "completed"


def test_another_tenants_task_is_unknown(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database)
    for order in (lambda: _cancel(database, task_id, "other"), lambda: _replay(database, task_id, clock, "other")):
        with pytest.raises(NotFound):
            order()
    assert row(database, task_id).status == "pending"


def test_a_replay_starts_a_new_run_and_keeps_the_earlier_result(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database)
    first = claimed(database, task_id)
    settle(database, completed(first, degraded=True, error={"code": "x", "detail": ""}))
    _replay(database, task_id, clock)
    found = row(database, task_id)
    assert (found.status, found.run, found.degraded, found.error) == ("pending", 2, False, None)
    assert (found.attempts, found.deaths, found.publications) == (0, 0, 0)
    assert (found.started_at, found.finished_at) == (None, None)
    second = claimed(database, task_id)
    assert (second.run, second.fence > first.fence) == (2, True)
    settle(database, completed(second))
    assert results(database, task_id) == [(1, {"feito": first.fence}), (2, {"feito": second.fence})]
    with database.read() as connection:
        assert [line["run"] for line in reading.earlier_results(connection, task_id)] == [2, 1]
        view = reading.find(connection, TENANT, task_id)
    assert view is not None and view.result == {"feito": second.fence}


def test_a_worker_of_the_earlier_run_cannot_write_into_the_next(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database)
    first = claimed(database, task_id)
    settle(database, failed(first))
    _replay(database, task_id, clock)
    claimed(database, task_id, owner="w2")
    assert settle(database, completed(first)) == [False]
    assert results(database, task_id) == []


def test_what_has_not_ended_cannot_be_replayed(database: Database, clock: StoreClock) -> None:
    running = claimed(database, accepted(database))
    with pytest.raises(Conflict, match="running"):
        _replay(database, running.task_id, clock)
    assert row(database, running.task_id).run == 1


def test_a_cancelled_task_can_be_replayed_and_is_not_cancelled_again(database: Database, clock: StoreClock) -> None:
    mine = claimed(database, accepted(database))
    _cancel(database, mine.task_id)
    settle(database, failed(mine))
    _replay(database, mine.task_id, clock)
    assert row(database, mine.task_id).cancel_requested is False
