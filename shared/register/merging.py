"""Two people become one, and two again.

The merged row stays, keeps its identifiers and points to its survivor; whoever looks it up finds the survivor. Undoing
puts back what the merge changed: exactly the earlier state, and where somebody has changed a field since, their word.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared import clock
from shared.errors import Conflict, NotFound
from shared.register.blocks import Blocking
from shared.register.people_writing import keep_history, write_changed
from shared.register.records import BIRTH, FIELDS, Kind, Stored
from shared.register.schema import merges, register_identifiers
from shared.register.tables import TABLES, people

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
    _point(connection, merged, survivor.id)
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


def undo(connection: Connection, tenant: str, merge_id: str, by: str, blocking: Blocking) -> None:
    """Make them two again. Raises NotFound, or Conflict where it was undone or the survivor was merged since."""
    found = connection.execute(
        select(merges).where(_m.id == merge_id, _m.tenant == tenant).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound("fusão desconhecida")
    if found.state != DONE:
        raise Conflict("esta fusão já foi desfeita")
    kind = Kind(found.kind)
    survivor = people(connection, tenant, kind, [found.survivor]).get(found.survivor)
    if survivor is None or survivor.id != found.survivor:
        raise Conflict("quem ficou desta fusão foi fundido a outro cadastro depois: desfaça antes a fusão mais recente")
    cause = f"undo:{merge_id}"
    _restore_survivor(connection, survivor, found.before["survivor"], found.after["survivor"], cause, blocking)
    merged = _stored(found.merged, kind, found.before["merged"])
    merged.version += 1  # the row's own version, as the merge left it
    merged.before.append(merged.image() | {"merged_into": survivor.id})
    merged.version += 1
    keep_history(connection, [merged], cause)
    _point(connection, merged, None)
    _detach(connection, tenant, kind, found.after["identifiers"])
    undone = {"state": UNDONE, "undone_at": clock.now(), "undone_by": by}
    connection.execute(update(merges).where(_m.id == merge_id).values(undone))


def _restore_survivor(
    connection: Connection,
    survivor: Stored,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    cause: str,
    blocking: Blocking,
) -> None:
    """Field by field: what still is as the merge left it goes back; what was changed since stays."""
    now = survivor.image()
    survivor.before.append(now)
    back = {name: before[name] if now[name] == after[name] else now[name] for name in (*FIELDS[survivor.kind], "extra")}
    restored = _stored(survivor.id, survivor.kind, back | {"version": survivor.version + 1})
    survivor.values, survivor.extra, survivor.version = restored.values, restored.extra, restored.version
    keep_history(connection, [survivor], cause)
    write_changed(connection, survivor.kind, [survivor], blocking)


def _stored(name: str, kind: Kind, image: Mapping[str, Any]) -> Stored:
    values = [image[field] for field in FIELDS[kind]]
    birth = BIRTH[kind]
    values[birth] = date.fromisoformat(values[birth]) if values[birth] else None
    return Stored(name, kind, tuple(values), image["extra"], image["version"])


def _point(connection: Connection, merged: Stored, survivor: str | None) -> None:
    table = TABLES[merged.kind]
    pointing = {"merged_into": survivor, "version": merged.version}
    connection.execute(update(table).where(table.c.id == merged.id).values(pointing))


def _detach(connection: Connection, tenant: str, kind: Kind, blinds: Collection[str]) -> None:
    if not blinds:
        return
    own = register_identifiers.c
    connection.execute(
        delete(register_identifiers).where(own.tenant == tenant, own.kind == kind.value, own.blind.in_(blinds))
    )
