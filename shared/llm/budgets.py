"""Whose money a call is: the limits that apply to it, and the periods for which they hold.

A limit holds within a tenant: the money of a domain or a client of one tenant is not that of its namesake in another.
For each scope and period the limit with the exact name stands in place of the one for "*".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from shared.bulk import bulk_add, bulk_insert
from shared.clock import now
from shared.llm.catalogue import BudgetLimit
from shared.llm.contract import CallContext
from shared.llm.errors import BudgetExhausted
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
    """What this transaction adds to budgets. `write` does it in one statement, and locks their rows in one order."""

    def __init__(self, connection: Connection, fresh: Mapping[str, Charge]) -> None:
        """`fresh` says what to write for those whose period has no row yet; all of them are locked by `write`."""
        self._connection = connection
        self._fresh = fresh
        self._added = {key: _nothing(key) for key in fresh}
        self._taken: dict[str, int] = {}  # reserved or spent, when last written

    def settle(self, ids: Sequence[str], released: int, spent: int) -> None:
        """Give `released` back and add what was spent in its place."""
        self._add(ids, -released, spent)

    def reserve(self, wanted: Sequence[tuple[Sequence[Charge], int]]) -> list[BudgetExhausted | None]:
        """Write; take each amount from all of its budgets, or from none and say which had not got it.

        All is taken at once and what was too much given back: mostly there is enough, and that needs no look before.
        """
        for charged, amount in wanted:
            self._add([charge.id for charge in charged], amount)
        self.write()
        taken = dict(self._taken)
        for charged, amount in wanted:
            for charge in charged:
                taken[charge.id] -= amount
        answers = [_take(taken, charged, amount) for charged, amount in wanted]
        for (charged, amount), refusal in zip(wanted, answers, strict=True):
            if refusal is not None:
                self._add([charge.id for charge in charged], -amount)
        return answers

    def write(self) -> None:
        """Add what has gathered."""
        rows = [added for _, added in sorted(self._added.items())]
        self._added = {}
        missing = self._write(rows)
        if missing:
            # Another process may insert the same row first: ours is then left out, and the second look waits for it.
            blank = [_blank(self._fresh[row["id"]]) for row in missing]
            bulk_insert(self._connection, budgets, blank, ignore_conflicts=True)
            self._write(missing)

    def _write(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that have no row."""
        found = bulk_add(self._connection, budgets, rows, "id", "reserved_microusd", "spent_microusd")
        known = {row.id: row.reserved_microusd + row.spent_microusd for row in found}
        self._taken |= known
        return [row for row in rows if row["id"] not in known]

    def _add(self, ids: Sequence[str], reserved: int, spent: int = 0) -> None:
        for key in ids:
            added = self._added.setdefault(key, _nothing(key))
            added["reserved_microusd"] += reserved
            added["spent_microusd"] += spent


def _nothing(key: str) -> dict[str, Any]:
    return {"id": key, "reserved_microusd": 0, "spent_microusd": 0}


def _take(taken: dict[str, int], charged: Sequence[Charge], amount: int) -> BudgetExhausted | None:
    short = [charge for charge in charged if taken[charge.id] + amount > charge.limit_microusd]
    if short:
        return _refusal(max(short, key=lambda charge: charge.resets_at))
    for charge in charged:
        taken[charge.id] += amount
    return None


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
    return BudgetExhausted(f"o orçamento {which} não cobre esta chamada", charge.resets_at)


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
