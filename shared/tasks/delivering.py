"""What an attempt to tell somebody changes: the outbox's row, its log, and the task's timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from shared.clock import now
from shared.notifications import outbox
from shared.notifications.outbox import Attempt, Channel, Destination, Due, State
from shared.tasks import timeline
from shared.tasks.states import TimelineKind

_LINES = {State.DELIVERED: TimelineKind.DELIVERED, State.UNDELIVERABLE: TimelineKind.UNDELIVERABLE}


@dataclass(frozen=True, slots=True)
class Report:
    """One attempt and the pauses of its kind. `gone`: an address that wants nothing more."""

    attempt: Attempt
    pauses: tuple[float, ...]
    gone: Destination | None = None


def record(connection: Connection, items: Sequence[Report]) -> list[State | None]:
    """The state each notification is in now; None where it had ended already (acknowledged, or sent by another)."""
    states = [_record(connection, item) for item in items]
    lines = [_line(item.attempt, state) for item, state in zip(items, states, strict=True) if state in _LINES]
    timeline.append(connection, lines)
    return states


def _record(connection: Connection, item: Report) -> State | None:
    due = item.attempt.due
    if item.gone is not None:
        outbox.disable(connection, item.gone)
    return outbox.report(connection, item.attempt, item.pauses, for_ever=due.channel is Channel.BROKER)


def _line(attempt: Attempt, state: State | None) -> timeline.TimelineLine:
    due: Due = attempt.due
    data = {"tipo": due.kind.value, "canal": due.channel.value, "destino": due.target, "id": due.id}
    if "alert" in due.data:
        data["alerta"] = due.data["alert"]["id"]
    if attempt.error:
        data["erro"] = attempt.error
    return timeline.TimelineLine(due.task_id, _LINES[state] if state else "", data, now())
