"""One chunk of rows into the register, in one transaction: decide, write, count, checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.engine import Connection

from shared.database import Database
from shared.register import ingestions, linkage, merging, questions
from shared.register.blocks import Blocking, Blocks
from shared.register.figures import Figures
from shared.register.ingestions import Opened
from shared.register.likely import likely_twins
from shared.register.linkage import POSSIBLE_TWIN, Decision, is_linkable
from shared.register.merging import Joining
from shared.register.people_writing import keep_history, write_changed, write_identifiers, write_new
from shared.register.preparing import Prepared
from shared.register.questions import Question
from shared.register.records import Chunk, Disposition, Kind, Position, Row, Stored
from shared.register.roster import Roster
from shared.register.schema import ingestion_rejects, ingestion_rows
from shared.register.turns import take_turn
from shared.register.writing import insert_many

NEW_IDENTIFIER = "identificador_novo"
MERGED = "fusao"
_ROW = ("ingestion", "line", "first_byte", "digest", "disposition", "person", "codes")
_WORDS = {disposition: disposition.value for disposition in Disposition}
# A chunk asks for ten thousand keys at once, and the planner would rather read a table ten times its size than an index
# so often: every chunk read all the register, and a load became quadratic. It prices the scan that it then cannot avoid
# (of the chunk's own staged rows) at a sum that would have it compiled.
_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_generic_plan"
_Outcome = tuple[Disposition, str | None, tuple[str, ...]]


@dataclass(slots=True)
class _Work:
    """What a chunk has come to so far; outcomes in the order of the rows."""

    opened: Opened
    roster: Roster
    blocking: Blocking
    outcomes: list[_Outcome] = field(default_factory=list)
    new: list[tuple[int, Stored]] = field(default_factory=list)  # with the place of the row
    changed: dict[str, Stored] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    joining: Joining | None = None  # such a row is alone in its chunk


def apply(database: Database, opened: Opened, given: Prepared, figures: Figures, blocking: Blocking) -> Figures:
    """Make the chunk durable, and the figures with it. Raises LeaseLost, with nothing written, or StoreUnavailable."""
    chunk = given.chunk
    with database.write() as connection:
        ingestions.hold(connection, opened)
        _look_up_by_index(connection)
        take_turn(connection, opened.tenant)
        roster = Roster(connection, opened.tenant, [row.person for row in chunk.rows], given.keys)
        work = _Work(opened, roster, blocking)
        for place, row in enumerate(chunk.rows):
            work.outcomes.append(_outcome(work, place, row))
        _write_people(connection, work, given)
        counted = _write_rows(connection, work, given, figures.copy())
        ingestions.advance(connection, opened, Position(chunk.end, chunk.line), counted)
    return counted


def _look_up_by_index(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(_BY_INDEX))


def _outcome(work: _Work, place: int, row: Row) -> _Outcome:
    person = row.person
    if person is None:
        return Disposition.REJECTED, None, row.codes
    decision = linkage.decide(person, work.roster.holders(place), work.roster.prior(place))
    if decision.disposition is Disposition.INSERTED:
        stored = work.roster.insert(place)
        work.new.append((place, stored))
        return Disposition.INSERTED, stored.id, row.codes
    assert decision.person is not None
    if decision.disposition is Disposition.AMBIGUOUS:
        assert decision.reason is not None
        arguments = (decision.person, decision.other, decision.reason, person, work.opened.id, row.line)
        work.questions.append(questions.about_row(*arguments))
        return Disposition.AMBIGUOUS, decision.person.id, (*row.codes, decision.reason)
    return _joined(work, place, row, decision, decision.person)


def _joined(work: _Work, place: int, row: Row, decision: Decision, stored: Stored) -> _Outcome:
    """The row is about somebody known: an update, a merge, or nothing new."""
    attached = work.roster.attach(place, stored)
    if decision.other is not None:
        own = [key for _, key, _ in work.roster.attached]
        cause = f"ingestion:{work.opened.id}"
        work.joining = Joining(stored, decision.other, decision.values, decision.extra, own, cause)
        return Disposition.UPDATED, stored.id, (*row.codes, MERGED)
    if decision.disposition is Disposition.UPDATED:
        work.roster.change(stored, decision.values, decision.extra)
    elif attached:
        work.roster.change(stored, stored.values, stored.extra)
    else:
        return Disposition.DUPLICATE, stored.id, row.codes
    if not stored.new:
        work.changed[stored.id] = stored
    return Disposition.UPDATED, stored.id, (*row.codes, NEW_IDENTIFIER) if attached else row.codes


def _write_people(connection: Connection, work: _Work, given: Prepared) -> None:
    tenant, blocking = work.opened.tenant, work.blocking
    # A row's blocks are its person's, unless a later row of the chunk changed the person.
    blocks = {
        person.id: blocking.of(person.values) if person.before else given.blocks[place] or (None, None)
        for place, person in work.new
        if is_linkable(person.kind)
    }
    _ask_about_twins(connection, work, given.chunk, blocks)
    for kind in Kind:
        new = [person for _, person in work.new if person.kind is kind]
        write_new(connection, tenant, kind, new, blocks)
        write_changed(connection, kind, [p for p in work.changed.values() if p.kind is kind], blocking)
    write_identifiers(connection, tenant, work.roster.attached)
    everybody = [*(person for _, person in work.new), *work.changed.values()]
    keep_history(connection, everybody, f"ingestion:{work.opened.id}")
    if work.joining is not None:
        merging.merge(connection, tenant, work.joining, blocking)
    questions.ask(connection, tenant, work.questions)


def _ask_about_twins(connection: Connection, work: _Work, chunk: Chunk, blocks: dict[str, Blocks]) -> None:
    places = {person.id: place for place, person in work.new}
    linkable = [person for _, person in work.new if is_linkable(person.kind)]
    for twin in likely_twins(connection, work.opened.tenant, linkable, blocks):
        place = places[twin.new.id]
        line = chunk.rows[place].line
        work.questions.append(questions.about_pair(twin.new, twin.other, twin.score, work.opened.id, line))
        disposition, person, codes = work.outcomes[place]
        work.outcomes[place] = (disposition, person, (*codes, POSSIBLE_TWIN))


def _write_rows(connection: Connection, work: _Work, given: Prepared, figures: Figures) -> Figures:
    ingestion = work.opened.id
    rows, rejects = [], []
    told = zip(given.chunk.rows, given.digests, work.outcomes, strict=True)
    for row, digest, (disposition, person, codes) in told:
        said = " ".join(codes) if codes else None
        rows.append((ingestion, row.line, row.offset, digest, _WORDS[disposition], person, said))
        figures.add(row.line, disposition, codes)
        if disposition is Disposition.REJECTED:
            rejects.append((ingestion, row.line, row.raw))
    insert_many(connection, ingestion_rows, _ROW, rows)
    insert_many(connection, ingestion_rejects, ("ingestion", "line", "raw"), rejects)
    return figures
