"""Questions to people: pairs that may be one person, and rows that were not applied because they contradict one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared import clock
from shared.privacy.blind_index import IdentifierKind
from shared.register.linkage import POSSIBLE_TWIN
from shared.register.records import BIRTH, FIELDS, Kind, Person, Stored
from shared.register.schema import link_candidates

OPEN = "aberta"


@dataclass(frozen=True, slots=True)
class Question:
    """One entry of the queue. `incoming` is the row that waits for the answer, None where nothing waits."""

    kind: Kind
    key: str
    reason: str
    score: int
    person: str
    other: str | None
    incoming: dict[str, Any] | None
    ingestion: int
    line: int


def about_row(person: Stored, other: Stored | None, reason: str, row: Person, ingestion: int, line: int) -> Question:
    """A row shares an identifier with `person` (and `other`) and contradicts them."""
    incoming = dumped(row)
    key = _key(reason, person.id, other.id if other else "", orjson.dumps(incoming, option=orjson.OPT_SORT_KEYS))
    return Question(row.kind, key, reason, 100, person.id, other.id if other else None, incoming, ingestion, line)


def about_pair(new: Stored, other: Stored, score: int, ingestion: int, line: int) -> Question:
    """Two people of the register look like one."""
    key = _key(POSSIBLE_TWIN, *sorted((new.id, other.id)))
    return Question(new.kind, key, POSSIBLE_TWIN, score, other.id, new.id, None, ingestion, line)


def ask(connection: Connection, tenant: str, asked: Sequence[Question]) -> None:
    """Put them in the queue; what was asked before is not asked again, whatever was answered."""
    if not asked:
        return
    moment = clock.now()
    rows = [
        {
            "id": str(uuid7()),
            "tenant": tenant,
            "kind": question.kind.value,
            "key": question.key,
            "reason": question.reason,
            "score": question.score,
            "person": question.person,
            "other": question.other,
            "incoming": question.incoming,
            "ingestion": question.ingestion,
            "line": question.line,
            "state": OPEN,
            "created_at": moment,
        }
        for question in asked
    ]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(link_candidates).on_conflict_do_nothing(), rows)


def dumped(row: Person) -> dict[str, Any]:
    """A row's content as JSON holds it."""
    pairs = zip(FIELDS[row.kind], row.values, strict=True)
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in pairs}
    identifiers = [[kind.value, value] for kind, value in row.identifiers]
    prior = [[kind.value, value] for kind, value in row.prior]
    return plain | {"extra": row.extra, "identifiers": identifiers, "prior": prior}


def restored(kind: Kind, incoming: dict[str, Any]) -> Person:
    """The row that `dumped` took."""
    values = [incoming[name] for name in FIELDS[kind]]
    birth = BIRTH[kind]
    values[birth] = date.fromisoformat(values[birth]) if values[birth] else None
    identifiers = tuple((IdentifierKind(name), value) for name, value in incoming["identifiers"])
    prior = tuple((IdentifierKind(name), value) for name, value in incoming["prior"])
    return Person(kind, tuple(values), incoming["extra"], identifiers, prior)


def _key(*parts: str | bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return digest.hexdigest()
