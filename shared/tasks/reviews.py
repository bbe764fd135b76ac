"""What professionals decided about a run's result. Nothing here is ever changed or removed: the latest decision stands.

The result's own row stays as the worker wrote it; the decision is laid over it on reading (`decided`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Label, and_, func, insert, select, update
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared.clinical.citations import citations
from shared.clock import now
from shared.findings import Revisao
from shared.tasks import timeline
from shared.tasks.schema import task_reviews, tasks
from shared.tasks.states import TimelineKind

_r = task_reviews.c
_t = tasks.c

# Under names of their own, because they travel beside the task's columns.
STANDING_COLUMNS: tuple[Label[Any], ...] = (
    _r.number.label("review_number"),
    _r.decision.label("review_decision"),
    _r.council.label("review_council"),
    _r.registration.label("review_registration"),
    _r.state.label("review_state"),
    _r.reason.label("review_reason"),
    _r.opinion.label("review_opinion"),
    _r.created_at.label("review_at"),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One professional's decision, as it is kept."""

    decision: str
    council: str
    registration: str
    state: str
    reason: str | None
    opinion: str | None


def standing(run: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that joins a task to the decision that stands for `run`."""
    latest = task_reviews.alias()
    number = (
        select(func.max(latest.c.number))
        .where(latest.c.task_id == _t.id, latest.c.run == run)
        .correlate_except(latest)
        .scalar_subquery()
    )
    return and_(_r.task_id == _t.id, _r.run == run, _r.number == number)


def record(
    connection: Connection,
    task_id: str,
    seen_version: int,
    decision: Decision,
    difference: list[dict[str, Any]] | None,
    client: str,
) -> str | None:
    """Keep a decision on the state that was seen; its id, or None when the task has moved on since."""
    run = connection.execute(
        update(tasks)
        .where(_t.id == task_id, _t.version == seen_version)
        .values(version=_t.version + 1)
        .returning(_t.run)
    ).scalar_one_or_none()
    if run is None:
        return None
    of_run = (_r.task_id == task_id, _r.run == run)
    number = (connection.execute(select(func.max(_r.number)).where(*of_run)).scalar_one() or 0) + 1
    identifier, moment = str(uuid7()), now()
    connection.execute(
        insert(task_reviews).values(
            id=identifier,
            task_id=task_id,
            run=run,
            number=number,
            decision=decision.decision,
            council=decision.council,
            registration=decision.registration,
            state=decision.state,
            reason=decision.reason,
            opinion=decision.opinion,
            difference=difference,
            client=client,
            created_at=moment,
        )
    )
    data = {"run": run, "number": number, "decision": decision.decision}
    timeline.append_same(connection, [task_id], TimelineKind.REVIEWED, moment, data)
    return identifier


def history(connection: Connection, task_id: str) -> list[dict[str, Any]]:
    """Every decision on every run of a task, newest first."""
    statement = select(task_reviews).where(_r.task_id == task_id).order_by(_r.run.desc(), _r.number.desc())
    return [dict(row._mapping) for row in connection.execute(statement)]


def decided(result: dict[str, Any] | None, row: Any) -> dict[str, Any] | None:
    """`result` as it stands after the decision that `row` carries in `STANDING_COLUMNS`; pending while there is none,
    whatever a handler wrote.

    An edited text takes the draft's place and a rejected draft is withdrawn: whoever reads only `parecer` must never
    meet words that the professional has not let pass. The draft stays in the run's own result.
    """
    if result is None or "revisao" not in result:
        return result
    if row.review_decision is None:
        return {**result, "revisao": Revisao().model_dump(mode="json")}
    review = {
        "estado": row.review_decision,
        "conselho": row.review_council,
        "registro": row.review_registration,
        "uf": row.review_state,
        "motivo": row.review_reason,
        "em": row.review_at,
    }
    return {**result, "revisao": review, "parecer": _opinion(result["parecer"], row)}


def _opinion(draft: dict[str, Any] | None, row: Any) -> dict[str, Any] | None:
    match row.review_decision:
        case "rejeitado":
            return None
        case "editado":
            text = row.review_opinion
            return {"texto": text, "citacoes": citations(text), "agentes": draft["agentes"] if draft else []}
    return draft
