"""Two people become one: the merged row stays, keeps its identifiers and points to its survivor.

Whoever looks it up finds the survivor. What the merge changed is kept, so that it can be undone (`undoing`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared import clock
from shared.register.blocks import Blocking
from shared.register.people_writing import keep_history, write_changed
from shared.register.records import Stored
from shared.register.schema import merges
from shared.register.tables import TABLES

DONE = "feita"
UNDONE = "desfeita"
_m = merges.c


@dataclass(frozen=True, slots=True)
class Joining:
    """Who becomes one. `survivor` gets `values` and `extra`, and what they leave empty from `merged`.

    `attached`: blind values of identifiers that come with the merge and belonged to nobody.
    """

    survivor: Stored
    merged: Stored
    values: tuple[Any, ...]
    extra: dict[str, str] | None
    attached: Collection[str]
    cause: str


def merge(connection: Connection, tenant: str, joining: Joining, blocking: Blocking) -> str:
    """Join the two; the id of the merge, by which it is undone."""
    name = str(uuid7())
    survivor, merged = joining.survivor, joining.merged
    before = {"survivor": survivor.image(), "merged": merged.image()}
    for person in (survivor, merged):
        person.before.append(person.image())
        person.version += 1
    pairs = zip(joining.values, merged.values, strict=True)
    survivor.values = tuple(other if own is None else own for own, other in pairs)
    survivor.extra = ((merged.extra or {}) | (joining.extra or {})) or None
    keep_history(connection, [survivor, merged], f"merge:{name}")
    write_changed(connection, survivor.kind, [survivor], blocking)
    point(connection, merged, survivor.id)
    row = {
        "id": name,
        "tenant": tenant,
        "kind": survivor.kind.value,
        "survivor": survivor.id,
        "merged": merged.id,
        "before": before,
        "after": {"survivor": survivor.image(), "identifiers": sorted(joining.attached)},
        "cause": joining.cause,
        "state": DONE,
        "created_at": clock.now(),
    }
    connection.execute(insert(merges).values(row))
    return name


def page(connection: Connection, tenant: str, before: str | None, limit: int) -> list[dict[str, Any]]:
    """Merges, newest first: ids are UUID version 7."""
    query = select(merges).where(_m.tenant == tenant).order_by(_m.id.desc()).limit(limit)
    rows = connection.execute(query.where(_m.id < before) if before else query)
    return [dict(row._mapping) for row in rows]


def point(connection: Connection, merged: Stored, survivor: str | None) -> None:
    """Say for whom the row of `merged` speaks: `survivor`, or None for itself."""
    table = TABLES[merged.kind]
    pointing = {"merged_into": survivor, "version": merged.version}
    connection.execute(update(table).where(table.c.id == merged.id).values(pointing))
