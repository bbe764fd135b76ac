"""One file's way into the register: who reads it, how far it is, and what it came to.

A file is read once per tenant, event and way of reading. Whoever opens it takes a higher fence; a chunk is applied
only under the newest one, so a reader believed dead has no second effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import column, insert, select, table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from shared import clock
from shared.errors import LeaseLost
from shared.register.figures import Figures
from shared.register.records import Position
from shared.register.schema import ingestion_tasks, ingestions

_g = ingestions.c
# The one thing asked of another part's table: a handler knows its task and not whose it is.
_tasks = table("tasks", column("id"), column("tenant"))
_ABANDONED_AFTER = timedelta(seconds=60)


class State(StrEnum):
    RUNNING = "running"
    INTERRUPTED = "interrupted"  # stopped in good order; what was applied stays
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class FileKey:
    """What makes two loads the same one. `options` is a hash of everything that changes how the file is read."""

    tenant: str
    event: str
    sha256: str
    options: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An ingestion in hand. `ready` is False while another task reads the same file."""

    id: int
    tenant: str
    first_task: str
    fence: int
    position: Position
    figures: Figures
    state: State
    ready: bool


def open_file(connection: Connection, key: FileKey, task_id: str) -> Opened:
    """Begin the file, go on with it, or find it finished. The reader is `task_id` from here on."""
    _ensure(connection, key, task_id)
    query = select(ingestions).where(
        _g.tenant == key.tenant, _g.event == key.event, _g.sha256 == key.sha256, _g.options == key.options
    )
    row = connection.execute(query.with_for_update()).one()
    _remember_task(connection, key.tenant, row.id, task_id)
    state = State(row.state)
    busy = state is State.RUNNING and row.task_id != task_id and clock.now() - row.touched_at < _ABANDONED_AFTER
    ready = not busy
    fence = row.fence
    if ready and state is not State.FINISHED:
        fence += 1
        taken = {"fence": fence, "task_id": task_id, "state": State.RUNNING.value, "touched_at": clock.now()}
        connection.execute(update(ingestions).where(_g.id == row.id).values(taken))
    position = Position(row.next_byte, row.next_line)
    return Opened(row.id, key.tenant, row.first_task, fence, position, Figures.load(row.figures), state, ready)


def hold(connection: Connection, opened: Opened) -> None:
    """Lock the ingestion for this transaction. Raises LeaseLost when somebody else reads the file by now."""
    mine = update(ingestions).where(_g.id == opened.id, _g.fence == opened.fence, _g.state == State.RUNNING.value)
    if connection.execute(mine.values(touched_at=clock.now())).rowcount != 1:
        raise LeaseLost("outro processo assumiu a carga deste arquivo")


def advance(connection: Connection, opened: Opened, position: Position, figures: Figures) -> None:
    """The checkpoint: everything before `position` is applied. In the transaction that applied it."""
    reached = {
        "next_byte": position.offset,
        "next_line": position.line,
        "rows_read": figures.rows,
        "figures": figures.dump(),
    }
    connection.execute(update(ingestions).where(_g.id == opened.id).values(reached))


def close_file(connection: Connection, opened: Opened, state: State) -> None:
    """The reader is done with it, for good or for now. Raises LeaseLost."""
    hold(connection, opened)
    connection.execute(update(ingestions).where(_g.id == opened.id).values(state=state.value))


def of_task(connection: Connection, tenant: str, task_id: str) -> int | None:
    """The ingestion that a task reads or found finished, or None."""
    query = select(ingestion_tasks.c.ingestion).where(
        ingestion_tasks.c.task_id == task_id, ingestion_tasks.c.tenant == tenant
    )
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def tenant_of_task(connection: Connection, task_id: str) -> str:
    """Whose register a task works on."""
    found: str = connection.execute(select(_tasks.c.tenant).where(_tasks.c.id == task_id)).scalar_one()
    return found


def _ensure(connection: Connection, key: FileKey, task_id: str) -> None:
    moment = clock.now()
    values: dict[str, Any] = {
        "tenant": key.tenant,
        "event": key.event,
        "sha256": key.sha256,
        "options": key.options,
        "first_task": task_id,
        "task_id": task_id,
        "state": State.RUNNING.value,
        "fence": 0,
        "next_byte": 0,
        "next_line": 1,
        "rows_read": 0,
        "figures": Figures().dump(),
        "started_at": moment,
        "touched_at": moment,
    }
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(ingestions).values(values).on_conflict_do_nothing())


def _remember_task(connection: Connection, tenant: str, ingestion: int, task_id: str) -> None:
    known = select(ingestion_tasks.c.ingestion).where(ingestion_tasks.c.task_id == task_id)
    if connection.execute(known).scalar_one_or_none() is None:
        connection.execute(insert(ingestion_tasks).values(task_id=task_id, tenant=tenant, ingestion=ingestion))
