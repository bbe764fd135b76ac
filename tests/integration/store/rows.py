"""Short words for what the store's tests do to rows, each in a transaction of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from shared import clock
from shared.database import Database
from shared.tasks import acceptance, claiming, settling, timeline
from shared.tasks.acceptance import Accepted, ForeignTask, NewTask, TaskSource
from shared.tasks.claiming import Claimed, ClaimRequest, Refusal
from shared.tasks.schema import task_results, tasks
from shared.tasks.settling import Completed, NotCompleted, Settlement
from shared.tasks.states import TaskStatus
from shared.tasks.traits import TaskTraits

TENANT = "default"
LEASE_S = 60.0


def new_task(
    key: str | None = None,
    body_hash: str = "h1",
    domain: str = "eco",
    event: str = "eco",
    due_in_s: float = 5.0,
    source: TaskSource | None = None,
    **traits: Any,
) -> NewTask:
    """`traits`: the fields of TaskTraits."""
    moment = clock.now()
    return NewTask(
        id=str(uuid4()),
        tenant=TENANT,
        client="tests",
        domain=domain,
        event=event,
        payload='{"texto":"x"}',
        created_at=moment,
        publish_at=moment + timedelta(seconds=due_in_s),
        idempotency_key=key,
        body_hash=body_hash,
        traceparent="00-trace",
        traits=TaskTraits(**traits),
        source=source,
    )


def foreign_task(*ids: str, external_id: str | None = None) -> ForeignTask:
    return ForeignTask(
        ids=ids,
        tenant=TENANT,
        client="amqp:testes_eco",
        domain="eco",
        event="eco",
        payload='{"texto":"x"}',
        external_id=external_id,
        reply_to="callback-1",
        traceparent=None,
    )


def accept(database: Database, *items: NewTask) -> list[Any]:
    with database.write() as connection:
        return acceptance.accept(connection, items)


def accepted(database: Database, **kinds: Any) -> str:
    """The id of one fresh task."""
    (answer,) = accept(database, new_task(**kinds))
    assert isinstance(answer, Accepted)
    return answer.task_id


def adopt(database: Database, *items: ForeignTask) -> list[str]:
    with database.write() as connection:
        return acceptance.adopt(connection, items)


def claim(database: Database, *ids: str, owner: str = "w1", lease_s: float = LEASE_S) -> list[Claimed | Refusal]:
    with database.write() as connection:
        return claiming.claim(connection, [ClaimRequest(task_id, "eco", owner, lease_s) for task_id in ids])


def claimed(database: Database, task_id: str, owner: str = "w1", lease_s: float = LEASE_S) -> Claimed:
    """A claim that must succeed."""
    (answer,) = claim(database, task_id, owner=owner, lease_s=lease_s)
    assert isinstance(answer, Claimed), answer
    return answer


def settle(database: Database, *items: Settlement) -> list[bool]:
    with database.write() as connection:
        return settling.settle(connection, items)


def completed(claim: Claimed, **values: Any) -> Completed:
    return Completed(claim.task_id, claim.fence, claim.run, {"feito": claim.fence}, **values)


def failed(claim: Claimed) -> NotCompleted:
    error = {"code": "rules_failed", "detail": "sem idade"}
    return NotCompleted(
        claim.task_id, claim.fence, TaskStatus.FAILED, error, counts="attempts", line=timeline.TimelineKind.FAILED
    )


def retrying(claim: Claimed, due_at: datetime, counts: str = "attempts") -> NotCompleted:
    error = {"code": "model_unavailable", "detail": ""}
    return NotCompleted(claim.task_id, claim.fence, TaskStatus.RETRYING, error, due_at, counts)


def row(database: Database, task_id: str) -> Any:
    with database.read() as connection:
        return connection.execute(select(tasks).where(tasks.c.id == task_id)).one()


def kinds(database: Database, task_id: str) -> list[str]:
    """The kinds of a task's timeline, without its acceptance."""
    with database.read() as connection:
        return [line["kind"] for line in timeline.read_after(connection, task_id, 0)]


def results(database: Database, task_id: str) -> list[tuple[int, Any]]:
    with database.read() as connection:
        found = connection.execute(
            select(task_results.c.run, task_results.c.result)
            .where(task_results.c.task_id == task_id)
            .order_by(task_results.c.run)
        )
        return [(line.run, line.result) for line in found]
