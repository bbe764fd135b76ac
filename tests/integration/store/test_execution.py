"""message → claim → handler → settle, against a real store: every refusal, every fate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shared.database import Database
from shared.execution import Run
from shared.findings import Avaliacao
from shared.settings import WorkerSettings
from shared.tasks.schema import tasks
from tests.fixtures.domains.eco.handler import EcoHandler, InstavelHandler, RecusadoHandler
from tests.integration.store.clock import StoreClock
from tests.integration.store.conftest import emptied
from tests.integration.store.executing import (
    SECRET,
    hint,
    make,
    own,
    process,
    rejections,
    view,
)
from tests.integration.store.rows import (
    claimed,
    completed,
    kinds,
    results,
    retrying,
    row,
    settle,
)
from workers.execution import Execution

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


def test_findings_whose_alert_could_not_be_kept_never_become_a_result(postgres_store: Database) -> None:
    class Odd(InstavelHandler):
        def evaluate(self, request: Any, run: Run) -> Avaliacao:
            evaluation = super().evaluate(request, run)
            evaluation.achados[0].id = "A" * 20
            return evaluation

    database = emptied(postgres_store)
    execution = make(database, WorkerSettings(retry_max_attempts=1), instavel=Odd())
    task_id = own(database, "instavel", falhas=0)
    assert process(execution, hint(task_id)) is True
    execution._commits.close()
    assert (row(database, task_id).status, results(database, task_id)) == ("failed", [])


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
