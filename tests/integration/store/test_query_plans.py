"""Plans, not times: no statement about one patient, or about what goes first, walks the whole table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.database import Database
from shared.privacy.blind_index import IdentifierKind, Subject
from shared.tasks import claiming, patients, precedence
from shared.tasks.claiming import ClaimRequest
from tests.integration.store.conftest import emptied
from tests.integration.store.rows import TENANT, accept, new_task

PATIENTS = 9000
Plan = dict[str, Any]


@pytest.fixture(scope="module")
def ward(postgres_store: Database) -> Database:
    """50,000 tasks of 9,000 patients, of whom one waits for her discharge."""
    emptied(postgres_store)
    accept(postgres_store, *(new_task(event="internacao", subject=_subject(n % PATIENTS)) for n in range(50_000)))
    with postgres_store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE tasks"))
    return postgres_store


def _subject(number: int) -> Subject:
    return Subject(f"cpf{number}", f"cns{number}", f"record{number}")


def _explained(database: Database, how: str, work: Callable[[Connection], object]) -> list[Any]:
    """What `how` says of every statement on `tasks` that `work` runs."""
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        with database.write() as connection:
            work(connection)
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)
    with database.read() as connection:
        return [
            row
            for statement, parameters in said
            if "tasks" in statement
            for row in connection.exec_driver_sql(f"{how} {statement}", parameters)
        ]


def _plans(database: Database, work: Callable[[Connection], object]) -> list[Plan]:
    return [row[0][0]["Plan"] for row in _explained(database, "EXPLAIN (FORMAT JSON)", work)]


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _indexes(plans: list[Plan]) -> set[str]:
    """The indexes that the plans use; fails where one reads every task."""
    nodes = [node for plan in plans for node in _nodes(plan)]
    whole = [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "tasks"]
    assert whole == []
    return {node["Index Name"] for node in nodes if "Index Name" in node}


@pytest.mark.parametrize(
    ("kind", "value", "index"),
    [
        (IdentifierKind.CPF, "cpf7", "ix_tasks_patient_cpf"),
        (IdentifierKind.CNS, "cns7", "ix_tasks_patient_cns"),
        (IdentifierKind.RECORD, "record7", "ix_tasks_patient_record"),
    ],
)
def test_a_timeline_is_read_by_the_patients_indexes(
    ward: Database, kind: IdentifierKind, value: str, index: str
) -> None:
    def read(connection: Connection) -> None:
        person = patients.find_person(connection, TENANT, (kind, value))
        assert len(person.names) == 3
        assert patients.timeline_page(connection, TENANT, person, ["eco"], (now(), "z"), 50)

    assert index in _indexes(_plans(ward, read))


def test_a_discharge_finds_what_it_waits_for_by_index(ward: Database) -> None:
    item = new_task(event="alta", subject=_subject(5), after=("internacao",))
    accept(ward, item)

    def claim(connection: Connection) -> None:
        (answer,) = claiming.claim(connection, [ClaimRequest(item.id, "eco", "w1", 60)])
        assert answer is claiming.Refusal.WAITS_FOR_EARLIER

    used = _indexes(_plans(ward, claim))
    assert {"ix_tasks_patient_cpf", "ix_tasks_patient_cns", "ix_tasks_patient_record"} <= used


def test_urgent_work_is_looked_for_in_its_own_index(ward: Database) -> None:
    plans = _plans(ward, lambda connection: precedence.take_urgent(connection, "eco", now(), 5))
    assert _indexes(plans) == {"ix_tasks_urgent"}
    item = new_task()
    accept(ward, item)

    def claim(connection: Connection) -> None:
        claiming.claim(connection, [ClaimRequest(item.id, "eco", "w1", 60)])

    assert _indexes(_plans(ward, claim)) == {"ix_tasks_urgent", "tasks_pkey"}


def test_whoever_may_go_is_found_among_those_who_wait(ward: Database) -> None:
    used = _indexes(_plans(ward, lambda connection: precedence.release(connection, now())))
    assert "ix_tasks_waits_for" in used


def test_sqlite_uses_the_partial_indexes_too(sqlite_store: Database) -> None:
    def work(connection: Connection) -> None:
        precedence.take_urgent(connection, "eco", now(), 5)
        precedence.release(connection, now())

    details = " ".join(row.detail for row in _explained(sqlite_store, "EXPLAIN QUERY PLAN", work))
    assert "ix_tasks_urgent" in details
    assert "ix_tasks_waits_for" in details


@pytest.mark.parametrize("name", ["postgres_store", "sqlite_store"])
def test_a_question_finds_what_it_waits_for_among_those_that_have_not_ended(
    name: str, request: pytest.FixtureRequest
) -> None:
    store: Database = request.getfixturevalue(name)
    emptied(store)  # after whatever needs the ward
    accept(store, *(new_task(event="resposta", sequence=f"c{n % 900}") for n in range(5_000)))
    item = new_task(event="resposta", sequence="c7", after=("resposta",))
    accept(store, item)

    def claim(connection: Connection) -> None:
        (answer,) = claiming.claim(connection, [ClaimRequest(item.id, "eco", "w1", 60)])
        assert answer is claiming.Refusal.WAITS_FOR_EARLIER

    if store.is_postgresql:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE tasks"))
        assert "ix_tasks_sequence" in _indexes(_plans(store, claim))
    else:
        details = " ".join(row.detail for row in _explained(store, "EXPLAIN QUERY PLAN", claim))
        assert "ix_tasks_sequence" in details
