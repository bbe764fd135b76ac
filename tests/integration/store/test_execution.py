"""message → claim → handler → settle, against a real store: every refusal, every fate."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

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
from shared.group_commit import GroupCommit
from shared.settings import DomainSettings, WorkerSettings
from shared.tasks import reading, rejected
from shared.tasks.schema import tasks
from tests.fixtures.domains.eco.handler import EcoHandler, InstavelHandler, RecusadoHandler
from tests.integration.store.clock import StoreClock
from tests.integration.store.rows import (
    TENANT,
    accept,
    claimed,
    completed,
    kinds,
    new_task,
    results,
    retrying,
    row,
    settle,
)
from tests.unit.workers.runs import Answers
from workers.attempt import DomainWork
from workers.execution import COMMIT_ORDER, Execution
from workers.run_handle import RunHandle

OWNER = "w1"
WORK = DomainWork.load(DomainSettings(domain_packages=["tests.fixtures.domains"]), "eco")
WORKER = WorkerSettings(retry_max_attempts=2, retry_base_s=100, retry_cap_s=100)
SECRET = "segredo-que-nao-pode-vazar"


def make(database: Database, worker: WorkerSettings = WORKER, **handlers: Any) -> Execution:
    work = DomainWork(WORK.domain, WORK.handlers | handlers)
    return Execution(work, OWNER, GroupCommit(database, COMMIT_ORDER), worker)


@pytest.fixture
def execution(database: Database) -> Iterator[Execution]:
    made = make(database)
    yield made
    made._commits.close()


def own(database: Database, event: str, **payload: Any) -> str:
    """A task of our own API, as its row."""
    item = new_task()
    accept(database, item)
    with database.write() as connection:
        connection.execute(update(tasks).where(tasks.c.id == item.id).values(event=event, payload=json.dumps(payload)))
    return item.id


def hint(task_id: str) -> dict[str, Any]:
    return {"task_id": task_id, "event": "eco", "attempt": 1}


def process(execution: Execution, body: bytes | dict[str, Any], message_id: str | None = None) -> bool:
    return execution.process(Answers().delivery(body, message_id))


def view(database: Database, task_id: str) -> Any:
    with database.read() as connection:
        return reading.find(connection, TENANT, task_id)


def rejections(database: Database) -> list[dict[str, Any]]:
    with database.read() as connection:
        return rejected.page(connection, None, 10)


# --- messages ---------------------------------------------------------------------------------------------


def test_a_hint_is_worked_on_and_its_result_kept(database: Database, execution: Execution) -> None:
    task_id = own(database, "eco", texto="olá")
    assert process(execution, hint(task_id)) is True
    found = view(database, task_id)
    assert (found.status, found.result["eco"]["texto"], found.degraded) == ("completed", "olá", False)
    assert execution.running == {}


def test_foreign_work_becomes_a_task_and_a_repetition_has_no_second_effect(
    database: Database, execution: Execution
) -> None:
    body = {"event": "eco", "payload": {"texto": "olá", "valor": 13.5}, "id": "lab-7"}
    assert process(execution, body) and process(execution, body)
    with database.read() as connection:
        (task_id,) = connection.execute(select(tasks.c.id)).scalars()
    assert row(database, task_id).external_id == "lab-7"
    assert kinds(database, task_id) == ["claimed", "completed", "repeated"]
    assert len(results(database, task_id)) == 1


@pytest.mark.parametrize(
    ("body", "message_id", "reason"),
    [
        (b"\x00\xff nada", None, "not_json"),
        (b'{"event":"nunca","payload":{}}', "m1", "unknown_event"),
        (b'{"event":"eco","payload":{"texto":7}}', None, "invalid_payload"),
        (b'{"task_id":"no-such-row","event":"eco"}', None, "unknown_task"),
        # Names and keys that PostgreSQL cannot hold must not come back for ever.
        (b'{"event":"eco","payload":{"texto":"x"},"id":"a\\u0000b"}', None, "bad_id"),
        (b'{"event":"eco","payload":{"texto":"x"},"id":"\\ud800"}', None, "bad_id"),
        (b'{"event":"eco","payload":{"texto":"x"}}', "a\x00b", "bad_id"),
        (b'{"task_id":"\\u0000","event":"eco"}', None, "bad_id"),
        (b'{"event":"eco","payload":{"texto":"x","a\\u0000":1,"\\ud800":2}}', None, "invalid_payload"),
    ],
)
def test_what_is_not_understood_is_kept_raw_and_acknowledged(
    database: Database, execution: Execution, body: bytes, message_id: str | None, reason: str
) -> None:
    assert process(execution, body, message_id) is True
    (kept,) = rejections(database)
    assert (kept["body"], kept["reason"], kept["domain"], kept["vhost"]) == (body, reason, "eco", "testes_eco")


@pytest.mark.parametrize("text", ["a\x00b", "ação 🩺", "'; DROP TABLE tasks; --", "\\u0000", "x" * 200])
def test_any_text_that_json_can_hold_goes_all_the_way(database: Database, execution: Execution, text: str) -> None:
    body = {"event": "eco", "payload": {"texto": text}, "id": "estranho"}
    assert process(execution, body) is True
    with database.read() as connection:
        (task_id,) = connection.execute(select(tasks.c.id)).scalars()
    found = view(database, task_id)
    assert (found.status, found.error) == ("completed", None)
    assert found.result["eco"]["texto"] == text


# --- refusals ---------------------------------------------------------------------------------------------


def _ended(database: Database, task_id: str, _clock: StoreClock) -> None:
    settle(database, completed(claimed(database, task_id, owner="other")))


def _held(database: Database, task_id: str, _clock: StoreClock) -> None:
    claimed(database, task_id, owner="other")


def _waiting(database: Database, task_id: str, clock: StoreClock) -> None:
    settle(database, retrying(claimed(database, task_id, owner="other"), clock.now() + timedelta(hours=1)))


@pytest.mark.parametrize("prepare", [_ended, _held, _waiting])
def test_a_row_that_needs_nothing_is_acknowledged_and_left_alone(
    database: Database, execution: Execution, clock: StoreClock, prepare: Callable[..., None]
) -> None:
    task_id = own(database, "eco", texto="x")
    prepare(database, task_id, clock)
    before = row(database, task_id)
    assert process(execution, hint(task_id)) is True
    assert row(database, task_id) == before


# --- fates ------------------------------------------------------------------------------------------------


def test_findings_and_alerts_stand_before_the_model_is_asked(database: Database) -> None:
    seen: list[Any] = []

    class Looking(InstavelHandler):
        def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            seen.append(view(database, run.task_id))
            return {}

    execution = make(database, instavel=Looking())
    process(execution, hint(own(database, "instavel", falhas=0)))
    execution._commits.close()
    (meanwhile,) = seen
    assert (meanwhile.status, meanwhile.result) == ("running", None)
    assert [found["codigo"] for found in meanwhile.evaluation["achados"]] == ["critico_teste"]
    assert [alert["codigo"] for alert in meanwhile.alerts] == ["critico_teste"]


def test_a_model_that_is_away_means_a_retry_that_waits_in_the_store(
    database: Database, execution: Execution, clock: StoreClock
) -> None:
    task_id = own(database, "instavel", falhas=1)
    process(execution, hint(task_id))
    found = row(database, task_id)
    assert (found.status, found.attempts, found.error["code"]) == ("retrying", 1, "model_unavailable")
    assert 49 < (found.publish_at - clock.now()).total_seconds() <= 100
    clock.advance(101)
    process(execution, hint(task_id))
    found = view(database, task_id)
    assert (found.status, found.result, found.error) == ("completed", {"tentativa": 2}, None)
    assert kinds(database, task_id).count("alert") == 1


def test_the_last_failure_of_the_model_still_completes_with_the_findings(
    database: Database, execution: Execution, clock: StoreClock
) -> None:
    task_id = own(database, "instavel", falhas=9)
    process(execution, hint(task_id))
    clock.advance(101)
    process(execution, hint(task_id))
    found = view(database, task_id)
    assert (found.status, found.degraded, found.error["code"]) == ("completed", True, "model_unavailable")
    assert [one["codigo"] for one in found.result["achados"]] == ["critico_teste"]


def test_a_refusal_of_the_model_degrades_at_once(database: Database, execution: Execution) -> None:
    task_id = own(database, "recusado")
    process(execution, hint(task_id))
    found = view(database, task_id)
    assert (found.status, found.degraded, found.error["code"]) == ("completed", True, "model_refused")


@pytest.mark.parametrize(
    ("event", "payload", "detail"),
    [
        ("regra", {"motivo": "sem idade"}, "sem idade"),
        ("regra", {}, "ZeroDivisionError"),
        ("eco", {"texto": [SECRET]}, "texto"),
        ("sumiu", {}, "sumiu"),
    ],
)
def test_rules_that_cannot_decide_fail_with_the_reason(
    database: Database, execution: Execution, event: str, payload: dict[str, Any], detail: str
) -> None:
    task_id = own(database, event, **payload)
    process(execution, hint(task_id))
    found = view(database, task_id)
    assert (found.status, found.error["code"], found.result) == ("failed", "rules_failed", None)
    assert detail in found.error["detail"] and SECRET not in found.error["detail"]


def test_an_unexpected_error_is_retried_and_shows_only_its_kind(database: Database) -> None:
    class Broken(EcoHandler):
        def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            raise KeyError(SECRET)

    execution = make(database, eco=Broken())
    task_id = own(database, "eco", texto="x")
    process(execution, hint(task_id))
    execution._commits.close()
    found = row(database, task_id)
    assert (found.status, found.error["code"]) == ("retrying", "unexpected_error")
    assert SECRET not in found.error["detail"]


def test_a_handler_that_cannot_even_degrade_fails_the_task(database: Database) -> None:
    class Worse(RecusadoHandler):
        def degrade(self, request: Any, evaluation: Avaliacao) -> dict[str, Any]:
            raise KeyError(SECRET)

    execution = make(database, recusado=Worse())
    task_id = own(database, "recusado")
    assert process(execution, hint(task_id)) is True
    execution._commits.close()
    found = row(database, task_id)
    assert (found.status, found.error["code"]) == ("failed", "unexpected_error")


@pytest.mark.parametrize("result", [{"x": object()}, {"x": {1, 2}}])
def test_a_result_that_no_store_can_hold_fails_the_task(database: Database, result: dict[str, Any]) -> None:
    class Odd(EcoHandler):
        def respond(self, request: Any, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            return result

    execution = make(database, eco=Odd())
    task_id = own(database, "eco", texto="x")
    assert process(execution, hint(task_id)) is True
    execution._commits.close()
    assert (row(database, task_id).status, results(database, task_id)) == ("failed", [])


def test_a_task_that_kills_its_workers_fails_with_what_is_known(database: Database, execution: Execution) -> None:
    task_id = own(database, "eco", texto="x")
    with database.write() as connection:
        connection.execute(update(tasks).where(tasks.c.id == task_id).values(deaths=4))
    process(execution, hint(task_id))
    found = row(database, task_id)
    assert (found.status, found.error["code"]) == ("failed", "kills_its_worker")


# --- interruptions ----------------------------------------------------------------------------------------


def _begun(execution: Execution, pool: ThreadPoolExecutor, task_id: str) -> tuple[Future[bool], RunHandle]:
    """A long attempt that is under way on another thread."""
    inside = threading.Event()
    handler = execution._work.handlers["lento"]
    execution._work.handlers["lento"] = _Announcing(handler, inside)
    running = pool.submit(process, execution, hint(task_id))
    assert inside.wait(10)
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
        assert running.result(30) is True
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
        assert running.result(30) is True
    execution._commits.close()
    found = row(database, task_id)
    assert (found.status, found.owner, found.fence) == ("running", "other", winner.fence)
    assert results(database, task_id) == []


def test_findings_that_come_after_the_lease_was_lost_stop_the_attempt(database: Database, clock: StoreClock) -> None:
    class Slow(InstavelHandler):
        def evaluate(self, request: Any) -> Avaliacao:
            clock.advance(61)
            claimed(database, task_id, owner="other")
            return super().evaluate(request)

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
            execution._commits._closed = True
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
    commits._max_waiting = 0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(process, execution, hint(task_id))
        with pytest.raises(TimeoutError):
            running.result(0.2)
        commits._max_waiting = 10
        assert running.result(30) is True
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
