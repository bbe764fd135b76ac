"""Attempts that are stopped from outside, and stores that go away under them."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared.database import Database
from shared.errors import (
    DeadlineExceeded,
    Interrupted,
    LeaseLost,
    ModelUnavailable,
    StoreUnavailable,
    TaskCancelled,
    WorkerDraining,
)
from shared.execution import Run
from shared.findings import Avaliacao
from tests.fixtures.domains.eco.handler import EcoHandler, InstavelHandler
from tests.integration.store.clock import StoreClock
from tests.integration.store.executing import (
    hint,
    make,
    own,
    process,
    view,
)
from tests.integration.store.rows import (
    claimed,
    results,
    row,
)
from workers.execution import Execution
from workers.run_handle import RunHandle

# --- interruptions ----------------------------------------------------------------------------------------


def _begun(execution: Execution, pool: ThreadPoolExecutor, task_id: str) -> tuple[Future[bool], RunHandle]:
    """A long attempt that is under way on another thread."""
    inside = threading.Event()
    handler = execution._work.handlers["lento"]
    execution._work.handlers["lento"] = _Announcing(handler, inside)
    running = pool.submit(process, execution, hint(task_id))
    assert inside.wait(60)
    return running, execution.running[task_id]


class _Announcing:
    def __init__(self, handler: Any, inside: threading.Event) -> None:
        self.evaluate, self.degrade = handler.evaluate, handler.degrade
        self._respond, self._inside = handler.respond, inside

    def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
        self._inside.set()
        answer: dict[str, Any] = self._respond(request, evaluation, run)
        return answer


@pytest.mark.parametrize(
    ("why", "status", "degraded", "attempts"),
    [
        (TaskCancelled("a pedido"), "cancelled", False, 0),
        (DeadlineExceeded("tarde"), "completed", True, 0),
        (WorkerDraining("encerrando"), "queued", False, 0),
        (LeaseLost("outro"), "running", False, 0),
    ],
)
def test_an_attempt_is_interrupted_from_outside(
    database: Database, why: Interrupted, status: str, degraded: bool, attempts: int
) -> None:
    execution = make(database)
    task_id = own(database, "lento", segundos=30)
    with ThreadPoolExecutor(1) as pool:
        running, run = _begun(execution, pool, task_id)
        run.interrupt(why)
        assert running.result(60) is True
    execution._commits.close()
    found = row(database, task_id)
    assert (found.status, found.degraded, found.attempts) == (status, degraded, attempts)
    assert execution.running == {}


def test_the_outcome_of_an_attempt_whose_lease_was_taken_is_discarded(database: Database, clock: StoreClock) -> None:
    execution = make(database)
    task_id = own(database, "lento", segundos=30)
    with ThreadPoolExecutor(1) as pool:
        running, run = _begun(execution, pool, task_id)
        clock.advance(61)
        winner = claimed(database, task_id, owner="other")
        run.interrupt(DeadlineExceeded("tarde"))
        assert running.result(60) is True
    execution._commits.close()
    found = row(database, task_id)
    assert (found.status, found.owner, found.fence) == ("running", "other", winner.fence)
    assert results(database, task_id) == []


def test_an_attempt_that_lost_its_lease_leaves_the_next_one_under_the_keeper(
    database: Database, clock: StoreClock
) -> None:
    execution = make(database)
    task_id = own(database, "lento", segundos=30)
    with ThreadPoolExecutor(2) as pool:
        first, old = _begun(execution, pool, task_id)
        clock.advance(61)
        second, new = _begun(execution, pool, task_id)
        old.interrupt(LeaseLost("outro processo assumiu a tarefa"))
        assert first.result(60) is True
        assert execution.running == {task_id: new}
        new.interrupt(TaskCancelled("a pedido"))
        assert second.result(60) is True
    execution._commits.close()
    assert (row(database, task_id).status, execution.running) == ("cancelled", {})


def test_findings_that_come_after_the_lease_was_lost_stop_the_attempt(database: Database, clock: StoreClock) -> None:
    class Slow(InstavelHandler):
        def evaluate(self, request: Any, run: Run) -> Avaliacao:
            clock.advance(61)
            claimed(database, task_id, owner="other")
            return super().evaluate(request, run)

        def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            raise AssertionError("asked a model for a task that is another's")

    execution = make(database, instavel=Slow())
    task_id = own(database, "instavel", falhas=0)
    assert process(execution, hint(task_id)) is True
    execution._commits.close()
    found = view(database, task_id)
    assert (found.status, found.evaluation, found.attempts) == ("running", None, 0)
    assert row(database, task_id).owner == "other"


# --- a store that is away ---------------------------------------------------------------------------------


def _without_tables(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'empty.db'}")


@pytest.mark.parametrize("body", [b"not json", b'{"task_id":"t1","event":"eco"}'])
def test_without_a_store_a_stopping_process_leaves_the_message_to_the_broker(tmp_path: Path, body: bytes) -> None:
    execution = make(_without_tables(tmp_path))
    execution.stop()
    assert process(execution, body) is False
    execution._commits.close()


def test_a_store_that_goes_away_in_mid_attempt_leaves_the_message_to_the_broker(
    sqlite_store: Database, database: Database
) -> None:
    class Closing(EcoHandler):
        def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            execution.stop()
            execution._commits._outcomes._closed = True
            return {}

    execution = make(database, eco=Closing())
    task_id = own(database, "eco", texto="x")
    assert process(execution, hint(task_id)) is False
    execution._commits.close()
    assert row(database, task_id).status == "running"


def test_a_handler_that_meets_the_outage_does_not_count_it_as_its_own_failure(database: Database) -> None:
    class Reading(EcoHandler):
        def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            raise StoreUnavailable("fora")

    execution = make(database, eco=Reading())
    task_id = own(database, "eco", texto="x")
    assert process(execution, hint(task_id)) is False
    execution._commits.close()
    assert row(database, task_id).attempts == 0


def test_a_full_queue_of_writes_is_waited_out(database: Database) -> None:
    execution = make(database)
    task_id = own(database, "eco", texto="x")
    commits = execution._commits
    commits._intake._max_waiting = 0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(process, execution, hint(task_id))
        with pytest.raises(TimeoutError):
            running.result(0.2)
        commits._intake._max_waiting = 10
        assert running.result(60) is True
    commits.close()
    assert row(database, task_id).status == "completed"


def test_the_error_of_a_model_is_named_in_the_row(database: Database) -> None:
    class Asking(InstavelHandler):
        def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            raise ModelUnavailable("o modelo pediu 600 s", retry_after=600)

    execution = make(database, instavel=Asking())
    task_id = own(database, "instavel", falhas=0)
    process(execution, hint(task_id))
    execution._commits.close()
    found = row(database, task_id)
    assert found.error == {"code": "model_unavailable", "detail": "o modelo pediu 600 s"}
    assert (found.publish_at - found.created_at).total_seconds() > 500
