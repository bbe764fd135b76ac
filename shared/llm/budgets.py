"""Whose money a call is: the limits that apply to it, and the periods for which they hold.

A limit holds within a tenant: the money of a domain or a client of one tenant is not that of its namesake in another.
For each scope and period the limit with the exact name stands in place of the one for "*".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from shared.bulk import bulk_upsert
from shared.clock import now
from shared.llm.catalogue import BudgetLimit
from shared.llm.contract import CallContext
from shared.llm.errors import BudgetExhausted
from shared.llm.locked_rows import locked_rows
from shared.llm.schema import budgets

_SCOPES = {"tenant": "da instituição", "domain": "do domínio", "client": "do cliente"}
_PERIODS = {"day": "do dia", "month": "do mês"}
_b = budgets.c


@dataclass(frozen=True, slots=True)
class Charge:
    """One budget in one period. `resets_at` is when the next period begins."""

    id: str
    tenant: str
    scope: str
    name: str
    period: str
    starts_at: datetime
    resets_at: datetime
    limit_microusd: int


def charges(limits: Sequence[BudgetLimit], context: CallContext, moment: datetime, zone: ZoneInfo) -> list[Charge]:
    """The budgets that a call made at `moment` is charged to; periods begin at midnight in `zone`."""
    whose = {"tenant": context.tenant, "domain": context.domain, "client": context.client}
    chosen: dict[tuple[str, str], BudgetLimit] = {}
    for limit in limits:
        name = whose[limit.scope]
        place = (limit.scope, limit.period)
        if name is not None and (limit.name == name or (limit.name == "*" and place not in chosen)):
            chosen[place] = limit
    return [_charge(limit, context.tenant, whose[limit.scope] or "", moment, zone) for limit in chosen.values()]


def _charge(limit: BudgetLimit, tenant: str, name: str, moment: datetime, zone: ZoneInfo) -> Charge:
    starts_at, resets_at = period_bounds(limit.period, moment, zone)
    named = orjson.dumps([tenant, limit.scope, name, limit.period, starts_at])
    key = hashlib.sha256(named).hexdigest()[:32]
    return Charge(key, tenant, limit.scope, name, limit.period, starts_at, resets_at, limit.limit_microusd)


def period_bounds(period: str, moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the day or month of `moment` began in `zone`, and when the next one begins; both aware UTC."""
    today = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    first = today if period == "day" else today.replace(day=1)
    following = first + timedelta(days=1) if period == "day" else (first + timedelta(days=31)).replace(day=1)
    return first.astimezone(UTC), following.astimezone(UTC)


class Balances:
    """Rows of budgets that this transaction holds: read once, changed in memory, written once."""

    def __init__(self, connection: Connection, ids: set[str], fresh: dict[str, Charge]) -> None:
        """`fresh` says what to write for those of `ids` whose period has no row yet."""
        self._connection = connection
        self._changed: set[str] = set()
        rows = locked_rows(connection, budgets, {(key,) for key in ids}, lambda key: _blank(fresh[key[0]]))
        self._rows = {key: row for (key,), row in rows.items()}

    def reserve(self, wanted: Sequence[Charge], amount: int) -> BudgetExhausted | None:
        """Take `amount` from every one of `wanted`; from none, where one has not got it, and say which it was."""
        short = [charge for charge in wanted if self._left(charge) < amount]
        if short:
            return _refusal(max(short, key=lambda charge: charge.resets_at))
        self._add([charge.id for charge in wanted], reserved=amount)
        return None

    def settle(self, ids: Sequence[str], released: int, spent: int) -> None:
        """Give `released` back and add what was spent in its place."""
        self._add(ids, reserved=-released, spent=spent)

    def write(self) -> None:
        """Write what changed."""
        bulk_upsert(self._connection, budgets, [self._rows[key] for key in sorted(self._changed)])

    def _left(self, charge: Charge) -> int:
        row = self._rows[charge.id]
        taken: int = row["reserved_microusd"] + row["spent_microusd"]
        return charge.limit_microusd - taken

    def _add(self, ids: Sequence[str], *, reserved: int, spent: int = 0) -> None:
        for key in ids:
            self._rows[key]["reserved_microusd"] += reserved
            self._rows[key]["spent_microusd"] += spent
            self._changed.add(key)


def _blank(charge: Charge) -> dict[str, Any]:
    return {
        "id": charge.id,
        "tenant": charge.tenant,
        "scope": charge.scope,
        "name": charge.name,
        "period": charge.period,
        "starts_at": charge.starts_at,
        "reserved_microusd": 0,
        "spent_microusd": 0,
    }


def _refusal(charge: Charge) -> BudgetExhausted:
    which = f"{_PERIODS[charge.period]} {_SCOPES[charge.scope]} {charge.name}"
    until = charge.resets_at.isoformat(timespec="seconds")
    return BudgetExhausted(f"o orçamento {which} não cobre esta chamada; renova-se em {until}", charge.resets_at)


@dataclass(frozen=True, slots=True)
class Balance:
    """How a budget stands in the running period."""

    scope: str
    name: str
    period: str
    resets_at: datetime
    limit_microusd: int
    reserved_microusd: int
    spent_microusd: int


def standing(connection: Connection, limits: Sequence[BudgetLimit], tenant: str, zone: ZoneInfo) -> list[Balance]:
    """The tenant's budgets of the running periods: those that were used, and those that name somebody."""
    moment = now()
    periods = {period: period_bounds(period, moment, zone) for period in _PERIODS}
    starts = {starts_at for starts_at, _ in periods.values()}
    rows = connection.execute(select(budgets).where(_b.tenant == tenant, _b.starts_at.in_(starts))).all()
    used = {(row.scope, row.period, row.name): row for row in rows if periods[row.period][0] == row.starts_at}
    named = {
        (limit.scope, limit.period, limit.name)
        for limit in limits
        if limit.name != "*" and (limit.scope != "tenant" or limit.name == tenant)
    }
    found = []
    for scope, period, name in sorted(used.keys() | named):
        limit = _limit(limits, scope, period, name)
        if limit is not None:
            row = used.get((scope, period, name))
            reserved, spent = (row.reserved_microusd, row.spent_microusd) if row else (0, 0)
            found.append(Balance(scope, name, period, periods[period][1], limit.limit_microusd, reserved, spent))
    return found


def _limit(limits: Sequence[BudgetLimit], scope: str, period: str, name: str) -> BudgetLimit | None:
    fitting = [limit for limit in limits if (limit.scope, limit.period) == (scope, period)]
    exact = next((limit for limit in fitting if limit.name == name), None)
    return exact or next((limit for limit in fitting if limit.name == "*"), None)
