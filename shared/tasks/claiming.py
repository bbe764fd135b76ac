"""Claim: how a worker takes a task's row.

The message is a hint, the row is the truth. A claim takes a lease and a higher fence; whoever writes later must still
hold that fence (`shared.tasks.fencing`), so a second delivery or a worker believed dead has no second effect.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import String, and_, bindparam, case, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from shared.bulk import among, keys
from shared.clock import now
from shared.database import UtcDateTime
from shared.tasks import precedence, timeline
from shared.tasks.precedence import TaskFacts
from shared.tasks.schema import tasks
from shared.tasks.states import TERMINAL, WAITING, TaskStatus, TimelineKind
from shared.tasks.timeline import TimelineLine

_t = tasks.c


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    task_id: str
    domain: str  # a message that strayed into another domain's vhost must not be worked on there
    owner: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker needs to work. `fence` must come back with every later write."""

    task_id: str
    fence: int
    run: int
    attempts: int
    deaths: int
    domain: str
    event: str
    payload: str
    created_at: datetime
    tenant: str
    client: str


class Refusal(StrEnum):
    UNKNOWN = "unknown"  # no such row
    TERMINAL = "terminal"  # already done
    LEASED = "leased"  # another owner's lease lives
    NOT_DUE = "not_due"  # its back-off is not over
    WAITS_FOR_EARLIER = "waits_for_earlier"  # an earlier task of its patient or sequence has not ended


def claim(connection: Connection, items: Sequence[ClaimRequest]) -> list[Claimed | Refusal]:
    """Take every claimable task of the batch; doubled messages in one batch get one claim.

    Where urgent work waits in the domain, a request for an ordinary task may be answered with an urgent one.
    """
    moment = now()
    ids = list({item.task_id: item for item in items})
    answers: dict[str, Claimed | Refusal] = dict(_take(connection, items[0], ids, moment, first_come=True))
    left = [task_id for task_id in ids if task_id not in answers]
    if left:
        answers |= _decide(connection, items[0], left, moment)
    return [_once(answers, item.task_id) for item in items]


def _once(answers: dict[str, Claimed | Refusal], task_id: str) -> Claimed | Refusal:
    answer = answers[task_id]
    if isinstance(answer, Claimed):
        answers[task_id] = Refusal.LEASED
    return answer


def _take(
    connection: Connection,
    request: ClaimRequest,
    ids: Collection[str],
    moment: datetime,
    *,
    first_come: bool,
    overtaking: Collection[str] = (),
) -> dict[str, Claimed]:
    """Claim those of `ids` that can be; with `first_come`, only those for which no rule of precedence need be asked.

    All but those that are `overtaking` are claimed for a message of their own.
    """
    if not ids:
        return {}
    dialect = connection.dialect.name
    rows = connection.execute(
        _claim_statement(dialect, first_come),
        {
            "b_moment": moment,
            "b_owner": request.owner,
            "b_domain": request.domain,
            "b_lease_until": moment + timedelta(seconds=request.lease_s),
            **keys(dialect, [(task_id,) for task_id in ids]),
        },
    ).all()
    claimed = {row.id: Claimed(*row[: len(_CLAIMED)]) for row in rows}
    # The message is here before anybody wrote down its confirm: that would be news behind the claim, or behind the end.
    early = [row.id for row in rows if row.published_at is None and row.origin != "broker" and row.id not in overtaking]
    lines = [TimelineLine(task_id, TimelineKind.PUBLISHED, {}, moment) for task_id in early]
    lines += [TimelineLine(task_id, TimelineKind.CLAIMED, {"worker": request.owner}, moment) for task_id in claimed]
    timeline.append(connection, lines)
    return claimed


# In the order of Claimed's fields.
_CLAIMED = (
    _t.id,
    _t.fence,
    _t.run,
    _t.attempts,
    _t.deaths,
    _t.domain,
    _t.event,
    _t.payload,
    _t.created_at,
    _t.tenant,
    _t.client,
)


@lru_cache(maxsize=4)
def _claim_statement(dialect: str, first_come: bool) -> ReturningUpdate[Any]:
    moment = bindparam("b_moment", type_=UtcDateTime())
    domain = bindparam("b_domain", type_=String())
    claimable = or_(
        _t.status.in_([TaskStatus.PENDING.value, TaskStatus.QUEUED.value]),
        and_(_t.status == TaskStatus.RETRYING.value, _t.not_before <= moment),
        and_(_t.status == TaskStatus.RUNNING.value, _t.lease_until < moment),
    )
    statement = update(tasks).where(among(dialect, (_t.id,)), _t.domain == domain, claimable)
    if first_come:
        statement = statement.where(_t.runs_after.is_(None), or_(_t.urgent, precedence.no_urgent_waits(domain, moment)))
    return statement.values(
        deaths=_t.deaths + case((_t.status == TaskStatus.RUNNING.value, 1), else_=0),
        status=TaskStatus.RUNNING.value,
        fence=_t.fence + 1,
        version=_t.version + 1,
        owner=bindparam("b_owner"),
        lease_until=bindparam("b_lease_until", type_=UtcDateTime()),
        started_at=case((_t.started_at.is_(None), moment), else_=_t.started_at),
        publish_at=None,
        not_before=None,
        waits_for=None,
    ).returning(*_CLAIMED, _t.published_at, _t.origin)


def _decide(
    connection: Connection, request: ClaimRequest, ids: list[str], moment: datetime
) -> dict[str, Claimed | Refusal]:
    """Whatever `first_come` left: refused with the reason, held back, overtaken, or claimed after all."""
    rows = {row.id: row for row in connection.execute(select(*_FACTS).where(_t.id.in_(ids)))}
    answers: dict[str, Claimed | Refusal] = {i: _refusal(rows.get(i)) for i in ids}
    free = [row for row in rows.values() if row.domain == request.domain and _claimable(row, moment)]
    _due_again(connection, [i for i in rows.keys() - {row.id for row in free} if answers[i] is Refusal.NOT_DUE])
    waiting = [row for row in free if row.status in WAITING]
    held = precedence.hold_back(connection, waiting, moment)
    answers |= dict.fromkeys(held, Refusal.WAITS_FOR_EARLIER)
    ordinary = sorted((row for row in waiting if row.id not in held and not row.urgent), key=_age, reverse=True)
    urgent = precedence.take_urgent(connection, request.domain, moment, len(ordinary))
    swaps = dict(zip(urgent, (row.id for row in ordinary), strict=False))  # the youngest give way
    precedence.displace(connection, list(swaps.values()), moment)
    wanted = {row.id for row in free} - held - set(swaps.values()) | set(urgent)
    taken = _take(connection, request, wanted, moment, first_come=False, overtaking=urgent)
    timeline.append_same(connection, swaps, TimelineKind.OVERTOOK, moment, {})
    return answers | {swaps.get(task_id, task_id): claimed for task_id, claimed in taken.items()}


_FACTS = (
    _t.id,
    _t.tenant,
    _t.domain,
    _t.status,
    _t.created_at,
    _t.not_before,
    _t.lease_until,
    _t.urgent,
    _t.runs_after,
    _t.waits_for,
    _t.patient_cpf,
    _t.patient_cns,
    _t.patient_record,
    _t.sequence,
)


def _age(row: TaskFacts) -> tuple[datetime, str]:
    return row.created_at, row.id


def _claimable(row: TaskFacts, moment: datetime) -> bool:
    match TaskStatus(row.status):
        case TaskStatus.PENDING | TaskStatus.QUEUED:
            return True
        case TaskStatus.RETRYING:
            return bool(row.not_before <= moment)
        case TaskStatus.RUNNING:
            return bool(row.lease_until < moment)
    return False


def _refusal(row: TaskFacts | None) -> Refusal:
    if row is None:
        return Refusal.UNKNOWN
    if row.status in TERMINAL:
        return Refusal.TERMINAL
    return Refusal.NOT_DUE if row.status == TaskStatus.RETRYING else Refusal.LEASED


def _due_again(connection: Connection, ids: list[str]) -> None:
    """Their messages are used up: without this a clock that runs behind would cost the whole rebuild interval."""
    if ids:
        connection.execute(
            update(tasks).where(_t.id.in_(ids), _t.status == TaskStatus.RETRYING.value).values(publish_at=_t.not_before)
        )
