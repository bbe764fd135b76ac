"""One person becomes two again: what the merge changed goes back, and what somebody has changed since stays.

Merges may be undone in any order. A person who took in two others, and gives back the first, keeps what the second
brought and never what the first did: the images that the later merges keep are those of a survivor without the first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.engine import Connection

from shared import clock
from shared.errors import Conflict, NotFound
from shared.register.blocks import Blocking
from shared.register.merging import DONE, UNDONE, point
from shared.register.people_writing import keep_history, write_changed
from shared.register.records import BIRTH, FIELDS, Kind, Stored
from shared.register.schema import merges, register_identifiers
from shared.register.tables import people
from shared.register.turns import take_turn

_m = merges.c
_EXTRA = "extra"

_Image = Mapping[str, Any]
"""A person's fields as JSON holds them, see `Stored.image`."""


def undo(connection: Connection, tenant: str, merge_id: str, by: str, blocking: Blocking) -> None:
    """Make them two again. Raises NotFound, or Conflict where it was undone or the survivor was merged since."""
    take_turn(connection, tenant)
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
    _restore_survivor(connection, survivor, found, cause, blocking)
    _part(connection, found, kind, cause)
    _detach(connection, tenant, kind, found.after["identifiers"])
    undone = {"state": UNDONE, "undone_at": clock.now(), "undone_by": by}
    connection.execute(update(merges).where(_m.id == merge_id).values(undone))


def _restore_survivor(
    connection: Connection, survivor: Stored, merge: Row[Any], cause: str, blocking: Blocking
) -> None:
    now = survivor.image()
    survivor.before.append(now)
    back = _filled(_without(now, merge), _rewrite_later(connection, merge))
    restored = _stored(survivor.id, survivor.kind, {**back, "version": survivor.version + 1})
    survivor.values, survivor.extra, survivor.version = restored.values, restored.extra, restored.version
    keep_history(connection, [survivor], cause)
    write_changed(connection, survivor.kind, [survivor], blocking)


def _rewrite_later(connection: Connection, undone: Row[Any]) -> list[_Image]:
    """Take `undone` out of what the survivor's later merges remember; whom those merges brought, in their order."""
    later = select(merges).where(_m.survivor == undone.survivor, _m.state == DONE, _m.id > undone.id).order_by(_m.id)
    brought: list[_Image] = []
    for merge in connection.execute(later.with_for_update()).all():
        before = _filled(_without(merge.before["survivor"], undone), brought)
        brought.append(merge.before["merged"])
        after = _filled(_without(merge.after["survivor"], undone), brought)
        images = {"before": {**merge.before, "survivor": before}, "after": {**merge.after, "survivor": after}}
        connection.execute(update(merges).where(_m.id == merge.id).values(images))
    return brought


def _part(connection: Connection, merge: Row[Any], kind: Kind, cause: str) -> None:
    """The merged person speaks for itself again."""
    merged = _stored(merge.merged, kind, merge.before["merged"])
    merged.version += 1  # the row's own version, as the merge left it
    merged.before.append(merged.image() | {"merged_into": merge.survivor})
    merged.version += 1
    keep_history(connection, [merged], cause)
    point(connection, merged, None)


def _without(image: _Image, merge: Row[Any]) -> dict[str, Any]:
    """Field by field, and in other columns one by one: what is as the merge left it goes back to what was before."""
    before, after = merge.before["survivor"], merge.after["survivor"]
    fields = {name: image[name] for name in image if name != _EXTRA}
    plain = _put_back(fields, before, after, keys=fields.keys() - {"version"})
    now, was, left = image[_EXTRA] or {}, before[_EXTRA] or {}, after[_EXTRA] or {}
    extra = _put_back(now, was, left, keys=now.keys() | was.keys())
    return {**plain, _EXTRA: {name: value for name, value in extra.items() if value is not None} or None}


def _put_back(now: _Image, before: _Image, after: _Image, keys: Collection[str]) -> dict[str, Any]:
    back = {name: before.get(name) if now.get(name) == after.get(name) else now.get(name) for name in keys}
    return {**now, **back}


def _filled(image: _Image, brought: Sequence[_Image]) -> dict[str, Any]:
    """`image` with what it leaves empty from those who were merged into it, as a merge does."""
    filled = dict(image)
    for other in brought:
        filled |= {name: other[name] for name in filled if filled[name] is None and name != _EXTRA}
        filled[_EXTRA] = ((other[_EXTRA] or {}) | (filled[_EXTRA] or {})) or None
    return filled


def _stored(name: str, kind: Kind, image: _Image) -> Stored:
    values = [image[field] for field in FIELDS[kind]]
    birth = BIRTH[kind]
    values[birth] = date.fromisoformat(values[birth]) if values[birth] else None
    return Stored(name, kind, tuple(values), image[_EXTRA], image["version"])


def _detach(connection: Connection, tenant: str, kind: Kind, blinds: Collection[str]) -> None:
    if not blinds:
        return
    own = register_identifiers.c
    connection.execute(
        delete(register_identifiers).where(own.tenant == tenant, own.kind == kind.value, own.blind.in_(blinds))
    )
