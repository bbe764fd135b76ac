"""New and changed people into their tables, with what they were before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.engine import Connection

from shared import clock
from shared.register.blocks import Blocking, Blocks
from shared.register.linkage import is_linkable
from shared.register.records import FIELDS, Kind, Stored
from shared.register.schema import register_history, register_identifiers
from shared.register.tables import TABLES
from shared.register.writing import insert_many, update_many

_WORDS = {kind: kind.value for kind in Kind}
_BLOCKS = ("block_name", "block_mother")


def write_new(
    connection: Connection, tenant: str, kind: Kind, new: Sequence[Stored], blocks: Mapping[str, Blocks]
) -> None:
    """Insert people of one kind; `blocks` by id where the kind has them."""
    names = ("id", "tenant", "version", "extra", *FIELDS[kind])
    if is_linkable(kind):
        rows = [(p.id, tenant, p.version, p.extra, *p.values, *blocks[p.id]) for p in new]
        names += _BLOCKS
    else:
        rows = [(p.id, tenant, p.version, p.extra, *p.values) for p in new]
    insert_many(connection, TABLES[kind], names, rows)


def write_changed(connection: Connection, kind: Kind, changed: Sequence[Stored], blocking: Blocking) -> None:
    """Update people of one kind to what they are now."""
    names = ("id", "version", "extra", *FIELDS[kind])
    if is_linkable(kind):
        rows = [(p.id, p.version, p.extra, *p.values, *blocking.of(p.values)) for p in changed]
        names += _BLOCKS
    else:
        rows = [(p.id, p.version, p.extra, *p.values) for p in changed]
    update_many(connection, TABLES[kind], names, rows)


def keep_history(connection: Connection, people: Iterable[Stored], cause: str) -> None:
    """What these people were before each of their changes."""
    moment = clock.now()
    rows = [
        (person.id, image["version"], person.kind.value, image, cause, moment)
        for person in people
        for image in person.before
    ]
    insert_many(connection, register_history, ("person", "version", "kind", "image", "cause", "at"), rows)


def write_identifiers(connection: Connection, tenant: str, attached: Iterable[tuple[Kind, str, str]]) -> None:
    """New (kind, blind value, person) triples; nobody may hold them yet."""
    rows = [(tenant, _WORDS[kind], key, person) for kind, key, person in attached]
    insert_many(connection, register_identifiers, ("tenant", "kind", "blind", "person"), rows)
