"""What the ledger says: sums for those who pay, and single attempts for those who ask why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.engine import Connection, Row

from shared.llm.schema import attempts

_a = attempts.c
UNDER_WAY = "under_way"
_MOST_OF_A_REQUEST = 200


class Dimension(StrEnum):
    """What the sums of a day are split by."""

    DEPLOYMENT = "deployment"
    MODEL = "model"
    SURFACE = "surface"
    DOMAIN = "domain"
    CLIENT = "client"


@dataclass(slots=True)
class Sums:
    """Of a group of attempts. `outcomes` counts them by how they ended, `estimated` those nobody but us counted."""

    attempts: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: int = 0
    cost_microusd: int = 0

    def add(self, other: Sums) -> None:
        self.attempts += other.attempts
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.estimated += other.estimated
        self.cost_microusd += other.cost_microusd


def sums(
    connection: Connection, tenant: str, first: date, last: date, zone: ZoneInfo, by: Dimension
) -> dict[tuple[date, str | None], Sums]:
    """By day (both ends included, in `zone`) and value of `by`, the newest day first."""
    split = _a[by.value]
    query = (
        select(
            _a.day,
            split.label("value"),
            _a.outcome,
            func.count().label("attempts"),
            _total(_a.prompt_tokens).label("prompt_tokens"),
            _total(_a.completion_tokens).label("completion_tokens"),
            _total(case((_a.usage_source == "estimate", 1), else_=0)).label("estimated"),
            _total(_a.cost_microusd).label("cost_microusd"),
        )
        .where(
            _a.tenant == tenant,
            _a.started_at >= _midnight(first, zone),
            _a.started_at < _midnight(last + timedelta(days=1), zone),
        )
        .group_by(_a.day, split, _a.outcome)
        .order_by(_a.day.desc(), split, _a.outcome)
    )
    found: dict[tuple[date, str | None], Sums] = {}
    for day, value, outcome, count, *figures in connection.execute(query):
        group = Sums(count, {outcome or UNDER_WAY: count}, *map(int, figures))
        found.setdefault((day, value), Sums()).add(group)
    return found


def of_request(connection: Connection, tenant: str, request_id: str) -> Sequence[Row[Any]]:
    """The attempts of one request, in the order in which they were made."""
    query = select(attempts).where(_a.request_id == request_id, _a.tenant == tenant).order_by(_a.n)
    return connection.execute(query.limit(_MOST_OF_A_REQUEST)).all()


def page(connection: Connection, tenant: str, before: tuple[datetime, str] | None, limit: int) -> Sequence[Row[Any]]:
    """The newest attempts, or those next older than `before` (a row's `started_at` and `id`)."""
    query = select(attempts).where(_a.tenant == tenant)
    if before:
        query = query.where(tuple_(_a.started_at, _a.id) < before)
    return connection.execute(query.order_by(_a.started_at.desc(), _a.id.desc()).limit(limit)).all()


def _total(column: Any) -> Any:
    return func.coalesce(func.sum(column), 0)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
