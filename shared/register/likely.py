"""People without an identifier in common who may be one: found by block, asked about, never joined by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, any_, bindparam, column, func, select, true
from sqlalchemy.engine import Connection

from shared.register.blocks import Blocks
from shared.register.names import likeness, same_first_name
from shared.register.records import FIELDS, NAME, Kind, Stored
from shared.register.schema import patients
from shared.register.tables import given, unfolded

COMPARED_PER_BLOCK = 50  # with a CPF, and as many without: a placeholder birth date must not make a load quadratic
ALIKE_BY_SURNAME = 85  # ◇ of 100
ALIKE_BY_MOTHER = 50  # ◇ lower: a surname changes with marriage, a mother's name does not
_COLUMNS = ("block_name", "block_mother")
_CPF = FIELDS[Kind.PATIENT].index("cpf")

_Side = tuple[int, bool]
"""Which block, and whether the people in it have a CPF: each has a partial index of its own."""
_SIDES: tuple[_Side, ...] = ((0, False), (0, True), (1, False), (1, True))


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
    neighbours = {side: _neighbours(connection, tenant, new, blocks, side) for side in _SIDES}
    found: list[Likely] = []
    for person in new:
        has_cpf = person.values[_CPF] is not None
        best: Likely | None = None
        for place, threshold in ((0, ALIKE_BY_SURNAME), (1, ALIKE_BY_MOTHER)):
            block = blocks[person.id][place]
            if block is None:
                continue
            # Two different CPFs are two people; equal ones would have been found by identifier.
            for other_has_cpf in (False,) if has_cpf else (False, True):
                best = _likest(person, neighbours[place, other_has_cpf].get(block, ()), threshold, best)
            others = neighbours[place, has_cpf].setdefault(block, [])
            if len(others) < COMPARED_PER_BLOCK:
                others.append(person)
        if best is not None:
            found.append(best)
    return found


def _neighbours(
    connection: Connection, tenant: str, new: Sequence[Stored], blocks: Mapping[str, Blocks], side: _Side
) -> dict[int, list[Stored]]:
    """Those of the store on one side, for the blocks of everybody who is compared with that side."""
    place, has_cpf = side
    asking = (person for person in new if not has_cpf or person.values[_CPF] is None)
    return _stored_in(connection, tenant, side, {blocks[person.id][place] for person in asking} - {None})


def _likest(person: Stored, others: Sequence[Stored], threshold: int, best: Likely | None) -> Likely | None:
    for other in others:
        name, known = person.values[NAME], other.values[NAME]
        if not same_first_name(name, known):
            continue
        score = likeness(name, known)
        if score >= threshold and (best is None or score > best.score):
            best = Likely(person, other, score)
    return best


def _stored_in(connection: Connection, tenant: str, side: _Side, wanted: set[Any]) -> dict[int, list[Stored]]:
    found: dict[int, list[Stored]] = {}
    if not wanted:
        return found
    if connection.dialect.name == "postgresql":
        # Most blocks are empty, and saying so costs a fraction of looking for the first of each.
        occupied = connection.execute(_occupied(side), given("postgresql", list(map(str, wanted)))).scalars().all()
        if not occupied:
            return found
        parameters = given("postgresql", list(map(str, occupied)))
        rows = connection.execute(_of_many(side), {"tenant": tenant, **parameters}).all()
    else:
        query = _of_one(side)
        rows = [row for block in wanted for row in connection.execute(query, {"tenant": tenant, "block": block})]
    for block, name, *values, extra, version in rows:
        found.setdefault(block, []).append(Stored(name, Kind.PATIENT, tuple(values), extra, version))
    return found


@lru_cache(maxsize=4)
def _occupied(side: _Side) -> Select[Any]:
    own = patients.c[_COLUMNS[side[0]]]
    return select(own).distinct().where(own == any_(unfolded(BigInteger())), _held(side))


@lru_cache(maxsize=4)
def _of_one(side: _Side) -> Select[Any]:
    return _first_of(side, bindparam("block"))


@lru_cache(maxsize=4)
def _of_many(side: _Side) -> Select[Any]:
    asked = func.unnest(unfolded(BigInteger())).table_valued(column("block", BigInteger), name="asked")
    asked = asked.render_derived()
    near = _first_of(side, asked.c.block).correlate(asked).lateral("near")
    return select(near).select_from(asked.join(near, true()))


def _first_of(side: _Side, block: Any) -> Select[Any]:
    """The earliest living patients of one block; ids are UUID version 7, so their order is that of arrival."""
    own = patients.c[_COLUMNS[side[0]]]
    columns = [patients.c[name] for name in ("id", *FIELDS[Kind.PATIENT], "extra", "version")]
    return (
        select(own.label("block"), *columns)
        .where(own == block, _held(side), patients.c.tenant == bindparam("tenant"), patients.c.merged_into.is_(None))
        .order_by(patients.c.id)
        .limit(COMPARED_PER_BLOCK)
    )


def _held(side: _Side) -> ColumnElement[bool]:
    """The condition of the partial index of a side."""
    return patients.c.cpf.is_not(None) if side[1] else patients.c.cpf.is_(None)
