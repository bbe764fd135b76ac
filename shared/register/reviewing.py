"""The queue of questions to people, and what their answers do. Every answer that joins people can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.engine import Connection

from shared import clock
from shared.errors import Conflict, NotFound
from shared.privacy.blind_index import BlindIndex
from shared.register import merging
from shared.register.blocks import Blocking
from shared.register.linkage import combined
from shared.register.merging import Joining
from shared.register.people_writing import keep_history, write_changed, write_identifiers, write_new
from shared.register.preparing import keys_of
from shared.register.questions import OPEN, restored
from shared.register.records import FIELDS, Kind, Person, Stored
from shared.register.roster import Roster
from shared.register.schema import link_candidates
from shared.register.tables import people
from shared.register.turns import take_turn

SAME, DIFFERENT = "mesma_pessoa", "pessoas_diferentes"
_NUMBERS = frozenset({"cpf", "cns"})
_c = link_candidates.c


@dataclass(frozen=True, slots=True)
class Answer:
    """`same`: they are one person. `by` is who says so."""

    question: str
    same: bool
    by: str


def page(connection: Connection, tenant: str, state: str, after: str | None, limit: int) -> list[dict[str, Any]]:
    """Questions in the order in which they were asked, each with the people it is about as they are now."""
    query = select(link_candidates).where(_c.tenant == tenant, _c.state == state).order_by(_c.id).limit(limit)
    rows = connection.execute(query.where(_c.id > after) if after else query).all()
    known: dict[str, Stored] = {}
    for kind in Kind:
        ids = {name for row in rows if row.kind == kind for name in (row.person, row.other) if name}
        known |= people(connection, tenant, kind, ids)
    return [_shown(row, known) for row in rows]


def answer(connection: Connection, tenant: str, given: Answer, blind: BlindIndex) -> str | None:
    """Do what the answer means; the id of the merge it made, if any. Raises NotFound, or Conflict when answered."""
    take_turn(connection, tenant)
    query = select(link_candidates).where(_c.id == given.question, _c.tenant == tenant)
    question = connection.execute(query.with_for_update()).one_or_none()
    if question is None:
        raise NotFound("revisão desconhecida")
    if question.state != OPEN:
        raise Conflict("esta revisão já foi decidida")
    kind = Kind(question.kind)
    incoming = restored(kind, question.incoming) if question.incoming else None
    cause = f"review:{question.id}"
    merge = None
    if given.same:
        merge = _join(connection, tenant, question, incoming, cause, blind)
    elif incoming is not None and question.other is None:
        _insert_apart(connection, tenant, incoming, blind)
    done = {
        "state": SAME if given.same else DIFFERENT,
        "decided_by": given.by,
        "decided_at": clock.now(),
        "merge": merge,
    }
    connection.execute(update(link_candidates).where(_c.id == question.id).values(done))
    return merge


def _join(
    connection: Connection, tenant: str, question: Row[Any], incoming: Person | None, cause: str, blind: BlindIndex
) -> str | None:
    kind, blocking = Kind(question.kind), Blocking(blind)
    found = people(connection, tenant, kind, [name for name in (question.person, question.other) if name])
    person, other = found.get(question.person), found.get(question.other or "")
    if person is None or (question.other and other is None):
        raise NotFound("uma das pessoas desta revisão não está mais no cadastro")
    values, extra = combined(person, incoming) if incoming else (person.values, person.extra)
    attached = _attach(connection, tenant, incoming, person, blind) if incoming else []
    if other is not None and other.id != person.id:
        joining = Joining(person, other, values, extra, attached, cause)
        return merging.merge(connection, tenant, joining, blocking)
    if incoming is not None:
        person.before.append(person.image())
        person.version += 1
        person.values, person.extra = values, extra
        keep_history(connection, [person], cause)
        write_changed(connection, kind, [person], blocking)
    return None


def _attach(connection: Connection, tenant: str, incoming: Person, person: Stored, blind: BlindIndex) -> list[str]:
    """The row's identifiers that nobody holds become the person's; their blind values."""
    roster = Roster(connection, tenant, [incoming], [keys_of(incoming, blind)])
    roster.attach(0, person)
    write_identifiers(connection, tenant, roster.attached)
    return [key for _, key, _ in roster.attached]


def _insert_apart(connection: Connection, tenant: str, incoming: Person, blind: BlindIndex) -> None:
    """A person of their own, without the numbers that are somebody else's: those the source has to mend."""
    roster = Roster(connection, tenant, [incoming], [keys_of(incoming, blind)])
    held = roster.held(0)
    values = tuple(
        None if name in _NUMBERS and value in held else value
        for name, value in zip(FIELDS[incoming.kind], incoming.values, strict=True)
    )
    person = roster.insert(0)
    person.values = values
    blocks = {person.id: Blocking(blind).of(person.values)} if incoming.kind is Kind.PATIENT else {}
    write_new(connection, tenant, incoming.kind, [person], blocks)
    write_identifiers(connection, tenant, roster.attached)


def _shown(row: Row[Any], known: dict[str, Stored]) -> dict[str, Any]:
    names = ("id", "kind", "reason", "score", "incoming", "line", "state", "decided_by", "merge")
    shown = {name: getattr(row, name) for name in names}
    pair = [_person(known.get(name)) for name in (row.person, row.other) if name]
    return shown | {"people": pair, "created_at": row.created_at, "decided_at": row.decided_at}


def _person(person: Stored | None) -> dict[str, Any] | None:
    return None if person is None else {"id": person.id, **person.image()}
