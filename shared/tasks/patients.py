"""A patient's tasks across domains, found by blind index and followed from one identifier to the others.

A person named by CPF in one request and only by CNS or record number in another is one person, as long as nothing
speaks against it. What would show one person the work of another is refused instead: an identifier that was seen with
two CPFs (a mother's CNS on her newborn, the same record number in two houses) leads nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, union
from sqlalchemy.engine import Connection

from shared.privacy.blind_index import IdentifierKind, Subject
from shared.tasks.reading import TaskRow
from shared.tasks.reviews import STANDING_COLUMNS, standing
from shared.tasks.schema import task_findings, task_results, task_reviews, tasks

_t = tasks.c
_COLUMNS = {
    IdentifierKind.CPF: _t.patient_cpf,
    IdentifierKind.CNS: _t.patient_cns,
    IdentifierKind.RECORD: _t.patient_record,
}
_ROUNDS = 4  # record → CNS → CPF → what else that CPF was sent with
_MAX_SUBJECTS = 500

Named = tuple[IdentifierKind, str]


@dataclass(frozen=True, slots=True)
class Person:
    """The blind values that are one person's. `ambiguous`: the one asked for was seen with more than one CPF."""

    asked: Named
    names: frozenset[Named]
    ambiguous: bool

    @property
    def cpf(self) -> str | None:
        return next((value for kind, value in self.names if kind is IdentifierKind.CPF), None)


def find_person(connection: Connection, tenant: str, asked: Named) -> Person:
    """Who is meant by one blind value. At most four short queries, whatever the number of tasks."""
    looked_at: frozenset[Named] = frozenset()
    grown = frozenset({asked})
    for _ in range(_ROUNDS):
        if grown <= looked_at:
            break
        looked_at |= grown
        subjects = _subjects(connection, tenant, looked_at)
        if asked[0] is not IdentifierKind.CPF and len(_cpfs(subjects, asked)) > 1:
            return Person(asked, frozenset({asked}), ambiguous=True)
        grown = _grown(subjects, asked)
    # What was found last but not looked at itself may belong to somebody else.
    return Person(asked, grown & looked_at, ambiguous=False)


def _subjects(connection: Connection, tenant: str, names: Iterable[Named]) -> list[Subject]:
    """Every combination of identifiers in which one of `names` was sent."""
    combinations = union(
        *(
            select(*_COLUMNS.values()).where(_t.tenant == tenant, _COLUMNS[kind] == value)
            for kind, value in sorted(names)
        )
    )
    return [Subject(*row) for row in connection.execute(combinations.limit(_MAX_SUBJECTS))]


def _grown(subjects: list[Subject], asked: Named) -> frozenset[Named]:
    """What follows from `asked` within these combinations, past nothing that names two people."""
    own = {asked[1]} if asked[0] is IdentifierKind.CPF else _cpfs(subjects, asked)
    reached = _reached(subjects, asked, own or None)
    if len({value for kind, value in reached if kind is IdentifierKind.CPF}) > 1:
        # Two CPFs at the ends of different ways: neither is certain, nor is any name that leads to one of them.
        return _reached(subjects, asked, set())
    return reached


def _reached(subjects: list[Subject], asked: Named, cpfs: set[str] | None) -> frozenset[Named]:
    """Step by step; with `cpfs`, only over names and combinations that speak for no other CPF."""
    good = {asked}
    while True:
        linked = [s for s in subjects if good & _names(s) and (s.cpf is None or cpfs is None or s.cpf in cpfs)]
        found = {name for s in linked for name in _names(s) if not _shared(subjects, name)}
        found = {name for name in found if cpfs is None or _cpfs(subjects, name) <= cpfs}
        if found <= good:
            return frozenset(good)
        good |= found


def _shared(subjects: list[Subject], name: Named) -> bool:
    """Seen with two CPFs; or a record number that no CPF explains, seen with two CNSs."""
    if name[0] is IdentifierKind.CPF:
        return False
    cpfs = _cpfs(subjects, name)
    if name[0] is IdentifierKind.CNS or cpfs:
        return len(cpfs) > 1
    return len({s.cns for s in subjects if name in _names(s) and s.cns}) > 1


def _cpfs(subjects: list[Subject], name: Named) -> set[str]:
    return {s.cpf for s in subjects if s.cpf and name in _names(s)}


def _names(subject: Subject) -> set[Named]:
    pairs = zip(_COLUMNS, (subject.cpf, subject.cns, subject.record), strict=True)
    return {(kind, value) for kind, value in pairs if value}


_ITEM = (
    select(
        _t.id,
        _t.domain,
        _t.event,
        _t.status,
        _t.urgent,
        _t.occurred_at,
        _t.created_at,
        _t.finished_at,
        _t.degraded,
        task_findings.c.evaluation,
        task_results.c.result,
        *STANDING_COLUMNS,
    )
    .outerjoin(task_findings, and_(task_findings.c.task_id == _t.id, task_findings.c.run == _t.run))
    .outerjoin(task_results, and_(task_results.c.task_id == _t.id, task_results.c.run == _t.run))
    .outerjoin(task_reviews, standing(_t.run))
)


def timeline_page(
    connection: Connection,
    tenant: str,
    person: Person,
    domains: Collection[str],
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[TaskRow]:
    """The person's tasks in `domains`, newest event first; `before` is the last seen one's (occurred_at, id)."""
    page = (
        select(_t.id)
        .where(_t.tenant == tenant, _about(person), _t.domain.in_(list(domains)))
        .order_by(_t.occurred_at.desc(), _t.id.desc())
        .limit(limit)
    )
    if before:
        page = page.where(tuple_(_t.occurred_at, _t.id) < before)
    # The page first, then what hangs on it: findings and results of the patient's other tasks are not read.
    chosen = page.cte("page")
    rows = connection.execute(_ITEM.where(_t.id.in_(select(chosen.c.id))).order_by(_t.occurred_at.desc(), _t.id.desc()))
    return list(rows)


def _about(person: Person) -> ColumnElement[bool]:
    named = or_(*(_COLUMNS[kind] == value for kind, value in sorted(person.names)))
    if person.cpf is None:
        return named
    return and_(named, or_(_t.patient_cpf.is_(None), _t.patient_cpf == person.cpf))
