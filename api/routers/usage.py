"""What model calls cost, what may still be spent, and which deployments are being left alone. Own tenant only."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.engine import Row
from starlette.responses import Response

from api.cursors import decoded, encoded
from api.dependencies import AppParts, CurrentCaller, Parts
from api.views import PROBLEMS, json_response
from shared import clock
from shared.errors import InvalidField
from shared.llm import usage
from shared.llm.breaker_states import Breaker
from shared.llm.breakers import read_breakers
from shared.llm.budgets import standing
from shared.llm.usage import Dimension, Sums

router = APIRouter(prefix="/api/llm", tags=["Modelos"])
_MAX_DAYS = 92
_USUAL_DAYS = 7
_RESPONSES: dict[int | str, dict[str, Any]] = {422: PROBLEMS[422], 503: PROBLEMS[503]}


class SumsView(BaseModel):
    """Money in millionths of a US dollar."""

    attempts: int = Field(description="Upstream requests; one call may take several")
    outcomes: dict[str, int] = Field(description="Attempts by how they ended: ok, cancelled, abandoned, a fault")
    prompt_tokens: int
    completion_tokens: int
    estimated: int = Field(description="Attempts whose tokens are our estimate, not the provider's count")
    cost_microusd: int


class UsageItem(SumsView):
    day: date = Field(description="In the hospital's time zone")
    value: str | None = Field(description="Of `by`; null: the calls that have none")


class BudgetView(BaseModel):
    """`reserved_microusd` is held for calls that are under way."""

    scope: str
    name: str
    period: str
    limit_microusd: int
    reserved_microusd: int
    spent_microusd: int
    resets_at: AwareDatetime


class BreakerView(BaseModel):
    """`open_until`: nobody asks it before; `openings`: in a row, each twice as long as the last."""

    deployment: str
    state: str = Field(description="closed, open or half_open (one call tries it)")
    failures: int
    openings: int
    open_until: AwareDatetime | None
    kind: str | None = Field(description="Of the last failure")


class UsageView(BaseModel):
    first_day: date
    last_day: date
    by: Dimension
    total: SumsView
    items: list[UsageItem]
    budgets: list[BudgetView]
    breakers: list[BreakerView]


class AttemptView(BaseModel):
    """One upstream request. `subject_id` is the task, message or request that it was made for."""

    id: str
    request_id: str
    n: int
    surface: str
    client: str
    domain: str | None
    subject_id: str | None
    deployment: str
    provider: str
    model: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    duration_ms: int | None
    first_token_ms: int | None
    outcome: str | None = Field(description="null: under way")
    abandoned_at: AwareDatetime | None = Field(description="When it was settled for a process that was gone")
    status: int | None
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    usage_source: str | None
    reserved_microusd: int
    cost_microusd: int


class AttemptPage(BaseModel):
    items: list[AttemptView]
    next_cursor: str | None


@router.get(
    "/usage",
    summary="Consumo de modelos por dia, orçamentos e disjuntores",
    response_model=None,
    responses={200: {"model": UsageView}, **_RESPONSES},
)
async def read_usage(
    parts: AppParts,
    caller: CurrentCaller,
    first_day: Annotated[date | None, Query(alias="from", description="Primeiro dia; sem ele, sete dias")] = None,
    last_day: Annotated[date | None, Query(alias="to", description="Último dia, incluído; sem ele, hoje")] = None,
    by: Dimension = Dimension.DEPLOYMENT,
) -> Response:
    zone = ZoneInfo(parts.settings.platform.hospital_timezone)
    first, last = _days(first_day, last_day, clock.now().astimezone(zone).date())
    return json_response(await asyncio.to_thread(_usage, parts, caller.tenant, first, last, zone, by))


@router.get(
    "/attempts",
    summary="Pedidos feitos a provedores, o mais novo primeiro; com request_id, os de um pedido em ordem",
    response_model=None,
    responses={200: {"model": AttemptPage}, **_RESPONSES},
)
async def list_attempts(
    parts: AppParts,
    caller: CurrentCaller,
    request_id: Annotated[str | None, Query(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")] = None,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    if request_id and cursor:
        raise InvalidField([("cursor", "com request_id vêm todos de uma vez: use um ou outro")])
    before = decoded(cursor) if cursor else None

    def read() -> Any:
        with parts.database.read() as connection:
            if request_id:
                return usage.of_request(connection, caller.tenant, request_id)
            return usage.page(connection, caller.tenant, before, limit)

    rows = await asyncio.to_thread(read)
    more = encoded(rows[-1].started_at, rows[-1].id) if len(rows) == limit and not request_id else None
    return json_response({"items": [_attempt(row) for row in rows], "next_cursor": more})


def _days(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Raises InvalidField for days in the wrong order, too many of them, or beyond any calendar."""
    last = last or today
    if not date(2000, 1, 1) <= last <= date(9000, 1, 1):
        raise InvalidField([("to", "data fora do intervalo aceito")])
    first = first or last - timedelta(days=_USUAL_DAYS - 1)
    if first > last:
        raise InvalidField([("from", "deve ser antes de to, ou o mesmo dia")])
    if (last - first).days >= _MAX_DAYS:
        raise InvalidField([("from", f"até {_MAX_DAYS} dias de uma vez")])
    return first, last


def _usage(parts: Parts, tenant: str, first: date, last: date, zone: ZoneInfo, by: Dimension) -> dict[str, Any]:
    with parts.database.read() as connection:
        found = usage.sums(connection, tenant, first, last, zone, by)
        balances = standing(connection, parts.catalogue.budgets, tenant, zone)
        known = read_breakers(connection)
    return {
        "first_day": first,
        "last_day": last,
        "by": by,
        "total": asdict(_total(list(found.values()))),
        "items": [{"day": day, "value": value} | asdict(group) for (day, value), group in found.items()],
        "budgets": [asdict(balance) for balance in balances],
        "breakers": [_breaker(known.get(name, Breaker(name))) for name in parts.catalogue.deployments],
    }


def _total(groups: list[Sums]) -> Sums:
    total = Sums()
    for group in groups:
        total.add(group)
    return total


def _breaker(breaker: Breaker) -> dict[str, Any]:
    return {
        "deployment": breaker.deployment,
        "state": breaker.state(clock.now()),
        "failures": breaker.failures,
        "openings": breaker.openings,
        "open_until": breaker.open_until,
        "kind": breaker.kind,
    }


def _attempt(row: Row[Any]) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in AttemptView.model_fields if name != "duration_ms"}
    took = row.finished_at - row.started_at if row.finished_at else None
    return shown | {"duration_ms": None if took is None else max(0, took // timedelta(milliseconds=1))}
