"""People without an identifier in common who may be one: found by block, asked about, never joined by themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Select, any_, bindparam, cast, column, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from shared.register.blocks import Blocks
from shared.register.names import likeness, same_first_name
from shared.register.records import FIELDS, NAME, Kind, Stored
from shared.register.schema import patients
from shared.register.tables import given, unfolded

COMPARED_PER_BLOCK = 50  # a placeholder birth date must not make a load quadratic
ALIKE_BY_SURNAME = 85  # ◇ of 100
ALIKE_BY_MOTHER = 50  # ◇ lower: a surname changes with marriage, a mother's name does not
_COLUMNS = ("block_name", "block_mother")
_CPF = FIELDS[Kind.PATIENT].index("cpf")


@dataclass(frozen=True, slots=True)
class Likely:
    """Two people of the register worth a question, and how alike their names are."""

    new: Stored
    other: Stored
    score: int


def likely_twins(
    connection: Connection, tenant: str, new: Sequence[Stored], blocks: Mapping[str, Blocks]
) -> list[Likely]:
    """For each new patient, in their order, the likest earlier one of the same blocks, if any is alike enough."""
    neighbours = [
        _stored_in(connection, tenant, place, {blocks[person.id][place] for person in new} - {None}) for place in (0, 1)
    ]
    found: list[Likely] = []
    for person in new:
        best: Likely | None = None
        for place, threshold in ((0, ALIKE_BY_SURNAME), (1, ALIKE_BY_MOTHER)):
            block = blocks[person.id][place]
            if block is None:
                continue
            others = neighbours[place][block]
            best = _likest(person, others, threshold, best)
            if len(others) < COMPARED_PER_BLOCK:
                others.append(person)
        if best is not None:
            found.append(best)
    return found


def _likest(person: Stored, others: Sequence[Stored], threshold: int, best: Likely | None) -> Likely | None:
    for other in others:
        # Two different CPFs are two people; equal ones would have been found by identifier.
        if person.values[_CPF] and other.values[_CPF]:
            continue
        name, known = person.values[NAME], other.values[NAME]
        if not same_first_name(name, known):
            continue
        score = likeness(name, known)
        if score >= threshold and (best is None or score > best.score):
            best = Likely(person, other, score)
    return best


def _stored_in(connection: Connection, tenant: str, place: int, wanted: set[Any]) -> dict[int, list[Stored]]:
    found: dict[int, list[Stored]] = defaultdict(list)
    if not wanted:
        return found
    if connection.dialect.name == "postgresql":
        # Most blocks are empty, and saying so costs a fraction of looking for the first of each.
        occupied = connection.execute(_occupied(place), given("postgresql", list(map(str, wanted)))).scalars()
        parameters = given("postgresql", list(map(str, occupied)))
        rows = connection.execute(_of_many(place), {"tenant": tenant, **parameters}).all()
    else:
        query = _of_one(place)
        rows = [row for block in wanted for row in connection.execute(query, {"tenant": tenant, "block": block})]
    for block, name, *values, extra, version in rows:
        found[block].append(Stored(name, Kind.PATIENT, tuple(values), extra, version))
    return found


@lru_cache(maxsize=2)
def _occupied(place: int) -> Select[Any]:
    own = patients.c[_COLUMNS[place]]
    return select(own).distinct().where(own == any_(cast(unfolded(), ARRAY(BigInteger))))


@lru_cache(maxsize=2)
def _of_one(place: int) -> Select[Any]:
    return _first_of(place, bindparam("block"))


@lru_cache(maxsize=2)
def _of_many(place: int) -> Select[Any]:
    asked = func.unnest(cast(unfolded(), ARRAY(BigInteger))).table_valued(column("block", BigInteger), name="asked")
    asked = asked.render_derived()
    near = _first_of(place, asked.c.block).correlate(asked).lateral("near")
    return select(near).select_from(asked.join(near, true()))


def _first_of(place: int, block: Any) -> Select[Any]:
    """The earliest living patients of one block; ids are UUID version 7, so their order is that of arrival."""
    own = patients.c[_COLUMNS[place]]
    columns = [patients.c[name] for name in ("id", *FIELDS[Kind.PATIENT], "extra", "version")]
    return (
        select(own.label("block"), *columns)
        .where(own == block, patients.c.tenant == bindparam("tenant"), patients.c.merged_into.is_(None))
        .order_by(patients.c.id)
        .limit(COMPARED_PER_BLOCK)
    )
