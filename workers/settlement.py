"""What a decision about an attempt writes: the settlement that ends it, and its word in the metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared import clock
from shared.tasks.claiming import Claimed
from shared.tasks.settling import Completed, NotCompleted, Settlement
from shared.tasks.states import TaskStatus, TimelineKind
from workers.retries import Decision, Fate


def settlement_of(claim: Claimed, decision: Decision) -> NotCompleted | None:
    """How the attempt ends by this decision; None: quietly, since somebody else owns the task.

    Whatever is none of the fates below fails the task for good.
    """
    match decision.fate:
        case Fate.RETRY:
            return _again(claim, decision, TaskStatus.RETRYING, "attempts")
        case Fate.DIED:
            return _again(claim, decision, TaskStatus.RETRYING, "deaths")
        case Fate.GIVE_BACK:
            return replace(_again(claim, decision, TaskStatus.QUEUED, None), error=None)
        case Fate.CANCEL:
            return NotCompleted(claim.task_id, claim.fence, TaskStatus.CANCELLED, line=TimelineKind.CANCELLED)
        case Fate.DISCARD:
            return None
    return NotCompleted(
        claim.task_id,
        claim.fence,
        TaskStatus.FAILED,
        _error(decision),
        counts="attempts",
        line=TimelineKind.FAILED,
        data={"code": decision.code},
    )


def _again(claim: Claimed, decision: Decision, status: TaskStatus, counts: str | None) -> NotCompleted:
    return NotCompleted(
        claim.task_id,
        claim.fence,
        status,
        _error(decision),
        clock.now() + timedelta(seconds=decision.delay_s),
        counts,
        TimelineKind.RETRY,
        {"code": decision.code, "delay_s": round(decision.delay_s, 1)},
    )


def _error(decision: Decision) -> dict[str, str]:
    return {"code": decision.code, "detail": decision.detail}


def outcome_of(settlement: Settlement | None) -> str:
    """As `plantao_tasks_settled_total` counts it."""
    match settlement:
        case Completed():
            return "degraded" if settlement.degraded else "completed"
        case NotCompleted():
            return settlement.status.value
    return "discarded"
