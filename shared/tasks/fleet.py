"""Heartbeats: which processes live, what they run, and in which state they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.tasks.schema import workers


@dataclass(frozen=True)
class Heartbeat:
    """`state`: starting | ready | waiting_broker | draining | crash_loop | stopped."""

    id: str
    kind: str
    engine: str
    host: str
    pid: int
    version: str
    state: str
    started_at: datetime
    supervisor: str | None = None
    domain: str | None = None
    detail: str = ""
    slots: int = 0
    restarts: int = 0
    running: list[str] = field(default_factory=list)


def beat(connection: Connection, heartbeat: Heartbeat) -> None:
    """Write or refresh one process's row."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = asdict(heartbeat) | {"heartbeat_at": now()}
    statement = dialect.insert(workers).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def alive(connection: Connection, within_s: float) -> list[dict[str, Any]]:
    """Processes heard of within `within_s` seconds, oldest first."""
    recent = workers.c.heartbeat_at > now() - timedelta(seconds=within_s)
    rows = connection.execute(select(workers).where(recent).order_by(workers.c.started_at, workers.c.id))
    return [dict(row._mapping) for row in rows]


def forget_silent(connection: Connection, after_s: float) -> int:
    """Delete rows of processes that have been silent for long."""
    result = connection.execute(delete(workers).where(workers.c.heartbeat_at < now() - timedelta(seconds=after_s)))
    return int(result.rowcount)
