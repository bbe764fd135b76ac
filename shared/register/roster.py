"""The people that a chunk of rows may be about, as the store holds them and as the chunk's earlier rows changed them.

Rows are decided one after the other over this view, so the outcome does not depend on where chunks begin and end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Text, bindparam, cast, func, select
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared.register.preparing import Keys
from shared.register.records import Kind, Person, Stored
from shared.register.schema import register_identifiers
from shared.register.tables import as_text, given, in_pieces, one_of, people

_i = register_identifiers.c


class Roster:
    """Made for one chunk, inside its transaction. Rows are named by their place among `rows`."""

    def __init__(
        self, connection: Connection, tenant: str, rows: Sequence[Person | None], keys: Sequence[Keys]
    ) -> None:
        self._rows = rows
        self._keys = keys
        self.attached: list[tuple[Kind, str, str]] = []
        wanted: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        for row, own in zip(rows, keys, strict=True):
            if row is not None:
                wanted[row.kind].update(own.own, own.prior)
        self._holders = {kind: _load(connection, tenant, kind, blinds) for kind, blinds in wanted.items()}

    def holders(self, place: int) -> list[Stored]:
        """The different people who hold an identifier of the row, in the order of the identifiers."""
        return self._holding(place, self._keys[place].own)

    def prior(self, place: int) -> list[Stored]:
        """Those who hold an identifier that the row declares to be the same person's."""
        return self._holding(place, self._keys[place].prior)

    def held(self, place: int) -> list[str]:
        """The values of those of the row's identifiers that somebody holds."""
        row = self._rows[place]
        assert row is not None
        holders = self._holders[row.kind]
        pairs = zip(row.identifiers, self._keys[place].own, strict=True)
        return [value for (_, value), key in pairs if key in holders]

    def insert(self, place: int) -> Stored:
        """A new person with all the row says."""
        row = self._rows[place]
        assert row is not None
        person = Stored(str(uuid7()), row.kind, row.values, row.extra, 1, new=True)
        self.attach(place, person)
        return person

    def attach(self, place: int, person: Stored) -> bool:
        """Give the person those identifiers of the row that nobody holds; whether there were any."""
        holders = self._holders[person.kind]
        keys = self._keys[place]
        free = [key for key in (keys.own + keys.prior if keys.prior else keys.own) if key not in holders]
        for key in free:
            holders[key] = person
            self.attached.append((person.kind, key, person.id))
        return bool(free)

    def change(self, person: Stored, values: tuple[Any, ...], extra: dict[str, str] | None) -> None:
        """Update the person, keeping what was there for the history."""
        person.before.append(person.image())
        person.version += 1
        person.values, person.extra = values, extra

    def _holding(self, place: int, keys: tuple[str, ...]) -> list[Stored]:
        row = self._rows[place]
        assert row is not None
        holders = self._holders[row.kind]
        found = [holders[key] for key in keys if key in holders]
        # One object each: an identifier of a merged row leads to the same survivor.
        return found if len(found) < 2 else list({id(person): person for person in found}.values())


def _load(connection: Connection, tenant: str, kind: Kind, blinds: set[str]) -> dict[str, Stored]:
    """Who holds each of these blind values; absent where nobody does."""
    owners: dict[str, str] = {}
    dialect = connection.dialect.name
    for piece in in_pieces(blinds):
        parameters = {"tenant": tenant, "kind": kind.value, **given(dialect, piece)}
        owners.update((blind, owner) for blind, owner in connection.execute(_holders(dialect), parameters))
    found = people(connection, tenant, kind, set(owners.values()))
    return {blind: found[owner] for blind, owner in owners.items()}


@lru_cache(maxsize=2)
def _holders(dialect: str) -> Select[Any]:
    conditions = (one_of(dialect, _i.blind), _i.tenant == bindparam("tenant"), _i.kind == bindparam("kind"))
    if dialect != "postgresql":
        return select(_i.blind, _i.person).where(*conditions)
    return select(func.replace(cast(_i.blind, Text), "-", ""), as_text(dialect, _i.person)).where(*conditions)
