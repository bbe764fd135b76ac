"""Requests per minute of one client on one surface, the same for however many processes serve it.

Counted by the second: a request is let in while those of the last 60 whole seconds, and of the second before them,
that were let in are fewer than the limit. So no window of 60 seconds ever holds more than the limit, and a client may
wait up to a second longer than it strictly had to. What was refused does not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.engine import Connection

from shared.bulk import bulk_upsert
from shared.llm.locked_rows import locked_rows
from shared.llm.schema import rates

WINDOW_S = 60
_FORGET_AFTER = timedelta(hours=1)
_PAGE = 500
_r = rates.c
_KEY = (_r.tenant, _r.client, _r.surface)
Seconds = list[list[int]]  # [second since 1970, requests let in], oldest first


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of `client` on `surface` at `moment`; `limit` is requests per minute, at least 1."""

    tenant: str
    client: str
    surface: str
    limit: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether it may go on. `remaining` is what is left after it; times are in whole seconds.

    `retry_after_s`: when a refused one fits; `reset_s`: when all of `limit` is free again.
    """

    allowed: bool
    surface: str
    limit: int
    remaining: int
    retry_after_s: int
    reset_s: int


def take(connection: Connection, items: Sequence[Ask]) -> list[Allowance]:
    """Count the requests of a batch in their order."""
    wanted = {(item.tenant, item.client, item.surface) for item in items}
    moment = max(item.moment for item in items)
    rows = locked_rows(connection, rates, wanted, lambda key: _blank(key, moment))
    answers = []
    for item in items:
        row = rows[item.tenant, item.client, item.surface]
        row["seconds"], answer = counted(row["seconds"], item)
        row["touched_at"] = moment
        answers.append(answer)
    bulk_upsert(connection, rates, [row for _, row in sorted(rows.items())])
    return answers


def counted(seconds: Seconds, ask: Ask) -> tuple[Seconds, Allowance]:
    """The counts after this request, and what it is told."""
    moment = ask.moment.timestamp()
    # Hosts' clocks differ by a little: what another has counted a moment ahead of us is of our present second.
    second = max(math.floor(moment), seconds[-1][0] if seconds else 0)
    live = [[at, count] for at, count in seconds if at >= second - WINDOW_S]
    used = sum(count for _, count in live)
    allowed = used < ask.limit
    if allowed:
        live = _added(live, second)
        used += 1
    wait = 0 if allowed else _free_at(live, used - ask.limit + 1) - second
    reset = live[-1][0] + WINDOW_S + 1 - second if live else 0
    return live, Allowance(allowed, ask.surface, ask.limit, max(0, ask.limit - used), wait, reset)


def _added(seconds: Seconds, second: int) -> Seconds:
    if seconds and seconds[-1][0] == second:
        return [*seconds[:-1], [second, seconds[-1][1] + 1]]
    return [*seconds, [second, 1]]


def _free_at(seconds: Seconds, wanted: int) -> int:
    """The second at which `wanted` of the counted requests are out of the window."""
    for at, count in seconds:
        wanted -= count
        if wanted <= 0:
            return at + WINDOW_S + 1
    raise AssertionError("more wanted than counted")


def forget_idle(connection: Connection, moment: datetime) -> int:
    """Drop the counts of clients that have been silent for long, at most a page of them; how many."""
    # Whoever is being counted just now is not idle.
    idle = select(*_KEY).where(_r.touched_at < moment - _FORGET_AFTER).limit(_PAGE).with_for_update(skip_locked=True)
    found = [tuple(row) for row in connection.execute(idle)]
    if found:
        connection.execute(delete(rates).where(tuple_(*_KEY).in_(found)))
    return len(found)


def _blank(key: tuple[str, ...], moment: datetime) -> dict[str, Any]:
    tenant, client, surface = key
    return {"tenant": tenant, "client": client, "surface": surface, "seconds": [], "touched_at": moment}
