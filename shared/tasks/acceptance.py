"""How a task comes to be: from our own API, or adopted from a message of another system.

Every function takes a whole batch and runs inside the caller's transaction (see `shared.group_commit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from shared.bulk import bulk_insert
from shared.clock import now
from shared.errors import IdempotencyMismatch
from shared.tasks import timeline
from shared.tasks.schema import idempotency_keys, task_sources, tasks
from shared.tasks.states import TaskStatus, TimelineKind
from shared.tasks.traits import NO_TRAITS, TaskTraits

# The order of a patient's work is that of its acceptance, and hosts whose clocks differ by seconds accept it: the row
# takes the moment from the one clock that they share. SQLite's users share a host.
_ACCEPTED = "created_at"
Key = tuple[str, str, str]
"""Tenant, in whose name, and the Idempotency-Key itself."""


@dataclass(frozen=True, slots=True)
class TaskSource:
    """The document of another standard that a request was read from, with the report of its reading."""

    media_type: str
    body: bytes
    report: dict[str, Any]


@dataclass(slots=True)
class NewTask:
    """One accepted request. `payload` is the validated body as JSON text. Not frozen: that would double its cost."""

    id: str
    tenant: str
    client: str
    domain: str
    event: str
    payload: str
    created_at: datetime  # by its host's clock; the row's own is the store's, see `_ACCEPTED`
    publish_at: datetime  # when the relay takes over if our own publish was not confirmed
    idempotency_key: str | None = None
    key_scope: str = ""  # in whose name the key counts; empty: the client's
    body_hash: str = ""
    traceparent: str | None = None
    traits: TaskTraits = NO_TRAITS
    source: TaskSource | None = None
    origin: str = "api"  # api | mllp


@dataclass(slots=True)
class Accepted:
    task_id: str
    status: str
    created: bool  # False: the same Idempotency-Key met the task it made earlier


@dataclass(frozen=True, slots=True)
class ForeignTask:
    """A message that another system put on `eventos`. `ids`: ours first, then older names of the same message."""

    ids: tuple[str, ...]
    tenant: str
    client: str
    domain: str
    event: str
    payload: str
    external_id: str | None
    reply_to: str | None
    traceparent: str | None
    traits: TaskTraits = NO_TRAITS


def accept(connection: Connection, items: Sequence[NewTask]) -> list[Accepted | IdempotencyMismatch]:
    """Insert the rows; a known Idempotency-Key answers with its earlier task instead."""
    known = _claim_keys(connection, [item for item in items if item.idempotency_key])
    fresh = [item for item in items if not item.idempotency_key or known[key_of(item)][1] == item.id]
    bulk_insert(connection, tasks, [_row(item) for item in fresh], ignore_conflicts=True, stamped=_ACCEPTED)
    _keep_sources(connection, fresh)
    return [_answer(item, known) for item in items]


def _row(item: NewTask) -> dict[str, Any]:
    return {
        "id": item.id,
        "tenant": item.tenant,
        "client": item.client,
        "domain": item.domain,
        "event": item.event,
        "origin": item.origin,
        "payload": item.payload,
        "status": TaskStatus.PENDING.value,
        "created_at": item.created_at,
        "publish_at": item.publish_at,
        "traceparent": item.traceparent,
        **_traits(item.traits, item.created_at),
    }


def _traits(traits: TaskTraits, accepted_at: datetime) -> dict[str, Any]:
    return {
        "patient_cpf": traits.subject.cpf,
        "patient_cns": traits.subject.cns,
        "patient_record": traits.subject.record,
        "urgent": traits.urgent,
        "runs_after": " ".join(traits.after) or None,
        "occurred_at": traits.occurred_at or accepted_at,
        "sequence": traits.sequence,
        "answer_to": traits.answer_to,
    }


def _keep_sources(connection: Connection, items: list[NewTask]) -> None:
    """The documents of those that have one; the same batch may run again after a lost connection."""
    rows = [
        {
            "task_id": item.id,
            "media_type": item.source.media_type,
            "body": item.source.body,
            "report": item.source.report,
            "created_at": item.created_at,
        }
        for item in items
        if item.source
    ]
    if rows:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(task_sources).on_conflict_do_nothing(), rows)


def key_of(item: NewTask) -> Key:
    """Under which a task with an Idempotency-Key is found again."""
    return (item.tenant, item.key_scope or item.client, item.idempotency_key or "")


def is_known(connection: Connection, key: Key) -> bool:
    """Whether a task was accepted under it."""
    k = idempotency_keys.c
    query = select(k.task_id).where(tuple_(k.tenant, k.client, k.key) == key)
    return connection.execute(query).one_or_none() is not None


def _claim_keys(connection: Connection, items: Sequence[NewTask]) -> dict[Key, tuple[str, str]]:
    """Key → (body hash, task id) of whoever came first."""
    if not items:
        return {}
    first = {key_of(item): item for item in reversed(items)}
    rows = [
        {
            "tenant": item.tenant,
            "client": item.key_scope or item.client,
            "key": item.idempotency_key,
            "body_hash": item.body_hash,
            "task_id": item.id,
            "created_at": item.created_at,
        }
        for item in first.values()
    ]
    bulk_insert(connection, idempotency_keys, rows, ignore_conflicts=True)
    k = idempotency_keys.c
    found = connection.execute(
        select(k.tenant, k.client, k.key, k.body_hash, k.task_id).where(
            tuple_(k.tenant, k.client, k.key).in_(list(first))
        )
    )
    return {(row.tenant, row.client, row.key): (row.body_hash, row.task_id) for row in found}


def _answer(item: NewTask, known: dict[Key, tuple[str, str]]) -> Accepted | IdempotencyMismatch:
    if not item.idempotency_key:
        return Accepted(item.id, TaskStatus.PENDING, created=True)
    body_hash, task_id = known[key_of(item)]
    if body_hash != item.body_hash:
        return IdempotencyMismatch("a chave já foi usada com outro corpo; use uma chave nova para um pedido novo")
    return Accepted(task_id, TaskStatus.PENDING, created=task_id == item.id)


def adopt(connection: Connection, items: Sequence[ForeignTask]) -> list[str]:
    """Make rows for foreign messages and return each one's task id; a repeated message finds its first row."""
    moment = now()
    older = {name for item in items for name in item.ids}
    known = set(connection.execute(select(tasks.c.id).where(tasks.c.id.in_(sorted(older)))).scalars())
    chosen: list[str] = []
    for item in items:
        existing = next((name for name in item.ids if name in known), None)
        if existing is None:
            row = _foreign_row(item, moment)
            bulk_insert(connection, tasks, [row], ignore_conflicts=True, stamped=_ACCEPTED)
            known.add(item.ids[0])
        else:
            timeline.append_same(connection, [existing], TimelineKind.REPEATED, moment, {})
        chosen.append(existing or item.ids[0])
    return chosen


def _foreign_row(item: ForeignTask, moment: datetime) -> dict[str, Any]:
    return {
        "id": item.ids[0],
        "tenant": item.tenant,
        "client": item.client,
        "domain": item.domain,
        "event": item.event,
        "origin": "broker",
        "external_id": item.external_id,
        "reply_to": item.reply_to,
        "payload": item.payload,
        "status": TaskStatus.QUEUED.value,
        "created_at": moment,
        # The broker still holds the message that we read; should both be lost, the relay publishes the row.
        "publish_at": moment + timedelta(minutes=1),
        "traceparent": item.traceparent,
        **_traits(item.traits, moment),
    }
