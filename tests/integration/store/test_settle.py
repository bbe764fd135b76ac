"""Findings, progress and the end of attempts: only who holds the fence writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.database import Database
from shared.tasks import finding, reading, settling
from shared.tasks.finding import Findings
from shared.tasks.settling import NotCompleted, Progress
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

EVALUATION = {"achados": [{"id": "A1"}, {"id": "A2"}]}
ALERTS = [{"id": "A1", "achado": "A1", "codigo": "critico_teste", "descricao": "x"}]


def _save(database: Database, *items: Findings) -> list[bool]:
    with database.write() as connection:
        return finding.save_findings(connection, items)


def _view(database: Database, task_id: str) -> Any:
    with database.read() as connection:
        return reading.find(connection, TENANT, task_id)


def test_findings_show_before_the_task_has_ended(database: Database) -> None:
    mine = claimed(database, accepted(database))
    assert _save(database, Findings(mine.task_id, mine.fence, 1, EVALUATION, ALERTS)) == [True]
    view = _view(database, mine.task_id)
    assert (view.status, view.evaluation, view.alerts, view.result) == ("running", EVALUATION, ALERTS, None)
    assert kinds(database, mine.task_id) == ["published", "claimed", "findings", "alert"]


def test_the_findings_of_a_second_attempt_do_not_replace_the_first(database: Database, clock: StoreClock) -> None:
    first = claimed(database, accepted(database))
    _save(database, Findings(first.task_id, first.fence, 1, EVALUATION, ALERTS))
    clock.advance(61)
    second = claimed(database, first.task_id)
    assert _save(database, Findings(first.task_id, second.fence, 1, {"achados": []}, ALERTS)) == [True]
    assert _view(database, first.task_id).evaluation == EVALUATION
    assert kinds(database, first.task_id) == ["published", "claimed", "findings", "alert"] + ["published", "claimed"]


def test_a_lost_fence_saves_no_findings(database: Database, clock: StoreClock) -> None:
    stale = claimed(database, accepted(database))
    other = claimed(database, accepted(database))
    clock.advance(61)
    claimed(database, stale.task_id, owner="w2")
    saved = _save(
        database,
        Findings(stale.task_id, stale.fence, 1, EVALUATION, ALERTS),
        Findings(other.task_id, other.fence, 1, EVALUATION, []),
    )
    assert saved == [False, True]
    assert _view(database, stale.task_id).evaluation is None
    assert "alert" not in kinds(database, stale.task_id)


def test_a_completed_task_has_its_result_and_no_owner(database: Database) -> None:
    mine = claimed(database, accepted(database))
    assert settle(database, completed(mine)) == [True]
    found = row(database, mine.task_id)
    assert (found.status, found.owner, found.lease_until, found.publish_at) == ("completed", None, None, None)
    assert found.finished_at >= found.started_at
    assert (found.degraded, found.error) == (False, None)
    assert results(database, mine.task_id) == [(1, {"feito": 1})]
    assert kinds(database, mine.task_id) == ["published", "claimed", "completed"]


def test_a_degraded_task_says_why(database: Database) -> None:
    mine, whole = claimed(database, accepted(database)), claimed(database, accepted(database))
    error = {"code": "model_unavailable", "detail": "o modelo não respondeu"}
    assert settle(database, completed(mine, degraded=True, error=error), completed(whole)) == [True, True]
    view = _view(database, mine.task_id)
    assert (view.status, view.degraded, view.error, view.result) == ("completed", True, error, {"feito": 1})
    assert _view(database, whole.task_id).degraded is False


def test_an_error_of_an_earlier_attempt_is_gone_once_completed(database: Database, clock: StoreClock) -> None:
    first = claimed(database, accepted(database))
    settle(database, retrying(first, clock.now()))
    assert row(database, first.task_id).error["code"] == "model_unavailable"
    settle(database, completed(claimed(database, first.task_id)))
    assert row(database, first.task_id).error is None


def test_a_retry_waits_in_the_store(database: Database, clock: StoreClock) -> None:
    mine = claimed(database, accepted(database))
    due = clock.now() + timedelta(seconds=8)
    assert settle(database, retrying(mine, due)) == [True]
    found = row(database, mine.task_id)
    assert (found.status, found.publish_at, found.not_before, found.attempts) == ("retrying", due, due, 1)
    assert (found.owner, found.lease_until, found.finished_at) == (None, None, None)


def test_a_death_counts_as_a_death(database: Database, clock: StoreClock) -> None:
    mine = claimed(database, accepted(database))
    settle(database, retrying(mine, clock.now(), counts="deaths"))
    found = row(database, mine.task_id)
    assert (found.attempts, found.deaths) == (0, 1)


def test_a_failure_ends_the_task_with_its_reason(database: Database) -> None:
    mine = claimed(database, accepted(database))
    assert settle(database, failed(mine)) == [True]
    found = row(database, mine.task_id)
    assert (found.status, found.error["code"], found.attempts) == ("failed", "rules_failed", 1)
    assert found.finished_at is not None and found.publish_at is None
    assert (results(database, mine.task_id), kinds(database, mine.task_id)) == ([], ["published", "claimed", "failed"])


def test_giving_back_counts_nothing_and_is_due_at_once(database: Database, clock: StoreClock) -> None:
    mine = claimed(database, accepted(database))
    settle(database, NotCompleted(mine.task_id, mine.fence, TaskStatus.QUEUED, None, clock.now()))
    found = row(database, mine.task_id)
    assert (found.status, found.attempts, found.deaths) == ("queued", 0, 0)
    assert claimed(database, mine.task_id, owner="w2").fence == mine.fence + 1


def test_who_lost_the_fence_changes_nothing(database: Database, clock: StoreClock) -> None:
    stale = claimed(database, accepted(database))
    clock.advance(61)
    fresh = claimed(database, stale.task_id, owner="w2")
    before = row(database, stale.task_id)
    assert settle(database, completed(stale)) == [False]
    assert settle(database, completed(stale, degraded=True, error={"code": "x"})) == [False]
    assert settle(database, failed(stale), retrying(stale, clock.now())) == [False, False]
    assert row(database, stale.task_id) == before
    assert settle(database, completed(fresh)) == [True]
    assert results(database, stale.task_id) == [(1, {"feito": 2})]


def test_settling_twice_has_no_second_effect(database: Database) -> None:
    mine = claimed(database, accepted(database))
    settle(database, completed(mine))
    before = row(database, mine.task_id)
    assert settle(database, completed(mine)) == [False]
    assert row(database, mine.task_id) == before
    assert kinds(database, mine.task_id).count("completed") == 1
    assert len(results(database, mine.task_id)) == 1


def test_only_the_newest_progress_is_written_and_only_with_the_fence(database: Database, clock: StoreClock) -> None:
    mine = claimed(database, accepted(database))
    with database.write() as connection:
        settling.report_progress(connection, [Progress(mine.task_id, mine.fence, n, 3, f"agente {n}") for n in (1, 2)])
    found = row(database, mine.task_id)
    assert (found.progress_done, found.progress_total, found.progress_agent) == (2, 3, "agente 2")
    clock.advance(61)
    claim(database, mine.task_id, owner="w2")
    with database.write() as connection:
        settling.report_progress(connection, [Progress(mine.task_id, mine.fence, 3, 3, "tarde demais")])
    assert row(database, mine.task_id).progress_agent == "agente 2"
