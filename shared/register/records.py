"""What a file's reader hands to the register: rows, and the people in them. Pure data, no store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from shared.privacy.blind_index import IdentifierKind

CHUNK_BYTES = 8 << 20  # of rows as they came; four chunks are in memory at a time, each several times its bytes


class Kind(StrEnum):
    __hash__ = str.__hash__  # enum's own is written in Python, and a row asks several times
    PATIENT = "patient"
    PHYSICIAN = "physician"


class Disposition(StrEnum):
    """What became of a row. Exactly one each; all are final."""

    __hash__ = str.__hash__  # as above
    INSERTED = "inserido"
    UPDATED = "atualizado"
    DUPLICATE = "duplicado"  # everything that the row says was known already
    AMBIGUOUS = "ambiguo"  # not applied: a person decides in the queue
    REJECTED = "rejeitado"  # not applied: its codes say why


Identifier = tuple[IdentifierKind, str]
"""One of a person's numbers in its normal form."""


class Person(NamedTuple):
    """The valid content of a row in its normal form. None: the row does not say.

    A tuple because a million of them are made and compared. `identifiers` are (kind, value) pairs by which the same
    person is found again; `prior` are those that an A40 message declares to be the same person's.
    """

    kind: Kind
    values: tuple[Any, ...]  # in the order of FIELDS[kind]
    extra: dict[str, str] | None
    identifiers: tuple[Identifier, ...]
    prior: tuple[Identifier, ...] = ()


FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.PATIENT: ("name", "social_name", "mother_name", "birth_date", "sex", "cpf", "cns", "record"),
    Kind.PHYSICIAN: ("name", "birth_date", "crm", "uf", "cpf", "cns"),
}
NAME = 0  # its place in both
MOTHER = FIELDS[Kind.PATIENT].index("mother_name")
BIRTH = {kind: names.index("birth_date") for kind, names in FIELDS.items()}


class Row(NamedTuple):
    """One row of a file: where it stands, its bytes, and what it says, or why it cannot be used."""

    line: int
    offset: int
    raw: bytes
    person: Person | None
    codes: tuple[str, ...] = ()  # reasons to reject it where there is no person, else remarks


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that are applied together. `end` and `line` say where reading goes on after them."""

    rows: list[Row]
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a file reading starts: a byte, and the number of its line."""

    offset: int = 0
    line: int = 1


@dataclass(slots=True)
class Stored:
    """A person as the register holds them, with the changes of the chunk in hand."""

    id: str
    kind: Kind
    values: tuple[Any, ...]
    extra: dict[str, str] | None
    version: int
    new: bool = False
    before: list[dict[str, Any]] = field(default_factory=list)

    @property
    def birth_date(self) -> date | None:
        found: date | None = self.values[BIRTH[self.kind]]
        return found

    def image(self) -> dict[str, Any]:
        """The row as JSON can hold it."""
        pairs = zip(FIELDS[self.kind], self.values, strict=True)
        plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in pairs}
        return plain | {"extra": self.extra, "version": self.version}


def chunks_of(rows: Iterator[Row], size: int, end: int) -> Iterator[Chunk]:
    """`rows` in groups of at most `size`; each ends where the next row starts, the last one at `end`.

    A group ends sooner once its bytes are many: rows with photographs are a thousand times larger than others. A row
    that may merge two people stands alone, so that it can be undone apart from its neighbours.
    """
    gathered: list[Row] = []
    alone, held = False, 0
    for row in rows:
        merges = row.person is not None and bool(row.person.prior)
        if gathered and (alone or merges or len(gathered) == size or held >= CHUNK_BYTES):
            yield Chunk(gathered, row.offset, row.line)
            gathered, held = [], 0
        gathered.append(row)
        held += len(row.raw)
        alone = merges
    if gathered:
        yield Chunk(gathered, end, gathered[-1].line + 1)
