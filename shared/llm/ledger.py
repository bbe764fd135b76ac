"""The ledger: a row per upstream attempt, opened with its reservation and settled once.

Opening and settling are one operation over a whole batch, so that one transaction locks all the budgets it needs in
one order. An attempt that nobody settles (its process was killed between the request and its end) is settled by the
sweep as `abandoned`, at its reservation: the provider may have worked to the end and will then bill it, so counting
nothing would let a crashing process spend without limit. Should its true settlement arrive after all, that one stands,
and the sweep's figure is taken back; whichever order they come in, the budgets end with the true cost, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.engine import Connection

from shared.bulk import among, bulk_insert, bulk_update, keys
from shared.llm.budgets import Balances, Charge
from shared.llm.errors import BudgetExhausted
from shared.llm.ports import AttemptOpened, AttemptSettled
from shared.llm.schema import attempts

ABANDONED = "abandoned"
_a = attempts.c
_UNSETTLED = or_(_a.outcome.is_(None), _a.outcome == ABANDONED)
_OPEN = _a.outcome.is_(None)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Opening:
    """An attempt with the budgets that it is charged to. `day` is that of its start, in the hospital's time zone."""

    attempt: AttemptOpened
    day: date
    charges: Sequence[Charge]


Entry = Opening | AttemptSettled


def book(connection: Connection, items: Sequence[Entry]) -> list[BudgetExhausted | None]:
    """Settle and open. The answer for an opening that no budget covers is the error; nothing is written for it.

    May run twice with the same items: an attempt that is there already is neither written nor reserved again.
    """
    openings = {item.attempt.id: item for item in items if isinstance(item, Opening)}
    settled = [item for item in items if isinstance(item, AttemptSettled)]
    ended = _settle(connection, [item for item in settled if item.id not in openings])
    balances = Balances(connection, {charge.id: charge for item in openings.values() for charge in item.charges})
    _return(balances, ended)  # before the openings, which may need what is given back
    refused = _open(connection, balances, openings)
    _return(balances, _settle(connection, [item for item in settled if item.id in openings]))
    balances.write()
    return [refused.get(item.attempt.id) if isinstance(item, Opening) else None for item in items]


def sweep_abandoned(connection: Connection, moment: datetime) -> int:
    """Settle attempts that expired before `moment` at their reservation, at most a page of them; how many."""
    # A row that is being settled just now is left to its settlement.
    query = (
        select(_a.id, _a.budgets, _a.reserved_microusd)
        .where(_OPEN, _a.expires_at < moment)
        .order_by(_a.expires_at)
        .limit(_PAGE)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(query).all()
    rows = [
        {
            "id": row.id,
            "outcome": ABANDONED,
            "finished_at": moment,
            "abandoned_at": moment,
            "usage_source": "estimate",
            "cost_microusd": row.reserved_microusd,
        }
        for row in found
    ]
    bulk_update(connection, attempts, rows, _OPEN, "id")
    ended = [_Ended(_ids(row.budgets), row.reserved_microusd, row.reserved_microusd) for row in found]
    balances = Balances(connection, {})
    _return(balances, ended)
    balances.write()
    return len(found)


@dataclass(frozen=True, slots=True)
class _Ended:
    """What one settlement changes in each of `budgets`."""

    budgets: tuple[str, ...]
    released: int
    spent: int


def _settle(connection: Connection, items: list[AttemptSettled]) -> list[_Ended]:
    """Write how they ended; what that changes, for those that had not ended yet."""
    first = {item.id: item for item in reversed(items)}
    rows = [_settled_row(item) for _, item in sorted(first.items())]
    changed = bulk_update(
        connection, attempts, rows, _UNSETTLED, "id", "budgets", "reserved_microusd", "cost_microusd", "abandoned_at"
    )
    return [_ended(row) for row in changed]


def _ended(row: Any) -> _Ended:
    if row.abandoned_at is None:
        return _Ended(_ids(row.budgets), row.reserved_microusd, row.cost_microusd)
    # The sweep has turned the reservation into cost already: only the difference to the true cost is left.
    return _Ended(_ids(row.budgets), 0, row.cost_microusd - row.reserved_microusd)


def _return(balances: Balances, ended: list[_Ended]) -> None:
    for one in ended:
        balances.settle(one.budgets, one.released, one.spent)


def _open(connection: Connection, balances: Balances, openings: dict[str, Opening]) -> dict[str, BudgetExhausted]:
    """Write and reserve what a first run of the same batch has not; whatever is refused is taken back."""
    rows = [_opened_row(item) for item in openings.values()]
    written = {row.id for row in bulk_insert(connection, attempts, rows, "id", ignore_conflicts=True)}
    fresh = {key: item for key, item in openings.items() if key in written}
    answers = balances.reserve([(item.charges, item.attempt.reserve_microusd) for item in fresh.values()])
    refused = {key: error for key, error in zip(fresh, answers, strict=True) if error is not None}
    if refused:
        dialect = connection.dialect.name
        connection.execute(_REMOVAL[dialect], keys(dialect, [(key,) for key in refused]))
    return refused


_REMOVAL = {dialect: delete(attempts).where(among(dialect, (_a.id,))) for dialect in ("sqlite", "postgresql")}


def _opened_row(item: Opening) -> dict[str, Any]:
    attempt, context = item.attempt, item.attempt.context
    return {
        "id": attempt.id,
        "request_id": context.request_id,
        "n": int(attempt.id.rpartition(":")[2]),
        "surface": context.surface.value,
        "tenant": context.tenant,
        "client": context.client,
        "domain": context.domain,
        "subject_id": context.subject_id,
        "deployment": attempt.deployment,
        "provider": attempt.provider,
        "model": attempt.model,
        "day": item.day,
        "started_at": attempt.started_at,
        "expires_at": attempt.expires_at,
        "budgets": " ".join(charge.id for charge in item.charges) or None,
        "reserved_microusd": attempt.reserve_microusd,
        "cost_microusd": 0,
    }


def _settled_row(item: AttemptSettled) -> dict[str, Any]:
    usage = item.usage
    return {
        "id": item.id,
        "outcome": item.outcome,
        "finished_at": item.finished_at,
        "status": item.status,
        "first_token_ms": item.first_token_ms,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "usage_source": usage.source if usage else None,
        "finish_reason": item.finish_reason,
        "cost_microusd": item.cost_microusd,
    }


def _ids(text: str | None) -> tuple[str, ...]:
    return tuple(text.split()) if text else ()
