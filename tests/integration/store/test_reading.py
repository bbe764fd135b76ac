"""What callers read: views, versions and the timeline."""

from __future__ import annotations

from shared.database import Database
from shared.tasks import reading, timeline
from shared.tasks.timeline import TimelineLine
from tests.integration.store.rows import (
    TENANT,
    accepted,
    adopt,
    claimed,
    completed,
    foreign_task,
    kinds,
    row,
    settle,
)


def test_a_task_is_found_by_its_tenant_only(database: Database) -> None:
    task_id = accepted(database)
    with database.read() as connection:
        found = reading.find(connection, TENANT, task_id)
        assert found is not None and found.id == task_id
        assert reading.find(connection, "other", task_id) is None
        assert reading.find(connection, TENANT, task_id, domain="exames") is None


def test_within_its_domain_a_foreign_task_answers_to_the_name_its_sender_gave(database: Database) -> None:
    adopt(database, foreign_task("f1", external_id="lab-7"))
    with database.read() as connection:
        by_name = reading.find(connection, TENANT, "lab-7", domain="eco")
        assert by_name is not None and by_name.id == "f1"
        assert reading.find(connection, TENANT, "lab-7", domain="exames") is None
        assert reading.find(connection, TENANT, "lab-7") is None


def test_every_step_of_a_task_moves_its_version(database: Database) -> None:
    task_id = accepted(database)
    seen = [row(database, task_id).version]
    mine = claimed(database, task_id)
    seen.append(row(database, task_id).version)
    settle(database, completed(mine))
    with database.read() as connection:
        versions = reading.versions(connection, [task_id, "no-such-row"])
    seen.append(versions[task_id])
    assert seen == [1, 2, 3]
    assert versions.keys() == {task_id}


def test_the_timeline_reads_on_from_where_the_reader_was(database: Database) -> None:
    task_id, other = accepted(database), accepted(database)
    lines = [TimelineLine(task_id, "tool_used", {"n": number}) for number in range(4)]
    with database.write() as connection:
        assert timeline.append(connection, [*lines, TimelineLine(other, "tool_used")]) == [None] * 5
        assert timeline.append(connection, []) == []
    with database.read() as connection:
        whole = timeline.read_after(connection, task_id, -1)
        rest = timeline.read_after(connection, task_id, whole[2]["id"])
    assert [line["kind"] for line in whole] == ["accepted"] + ["tool_used"] * 4
    assert whole[0]["data"] == {"origin": "api"}
    assert [line["data"]["n"] for line in rest] == [2, 3]
    assert kinds(database, other) == ["tool_used"]
