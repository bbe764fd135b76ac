"""`ports.Breakers` over the store: what one process learns of a deployment, all of them know within a second."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.engine import Connection

from shared.bulk import bulk_upsert
from shared.clock import now
from shared.database import Database
from shared.errors import ServiceUnavailable
from shared.group_commit import GroupCommit
from shared.llm.breaker_states import Breaker, Failed, ProbeClaimed, ProbeReleased, Succeeded, Transition
from shared.llm.catalogue import BreakerLimits
from shared.llm.locked_rows import locked_rows
from shared.llm.ports import Admission
from shared.llm.schema import breakers

_log = structlog.get_logger(__name__)
_SNAPSHOT_S = 1.0
_PATIENCE_S = 2.0  # with a store that hangs: a call has better things to do with its time


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one deployment."""

    deployment: str
    transition: Transition


@dataclass(frozen=True, slots=True)
class Changed:
    before: Breaker
    after: Breaker


def change(connection: Connection, items: Sequence[Change]) -> list[Changed]:
    """Apply the changes in their order; what does not change is not written."""
    wanted = {(item.deployment,) for item in items}
    rows = locked_rows(connection, breakers, wanted, lambda key: asdict(Breaker(key[0])))
    states = {name: Breaker(**row) for (name,), row in rows.items()}
    written: dict[str, dict[str, Any]] = {}
    answers = []
    for item in items:
        before = states[item.deployment]
        after = item.transition(before)
        if after != before:
            after = replace(after, version=before.version + 1)
            states[item.deployment] = after
            written[item.deployment] = asdict(after)
        answers.append(Changed(before, after))
    bulk_upsert(connection, breakers, [row for _, row in sorted(written.items())])
    return answers


def read_breakers(connection: Connection) -> dict[str, Breaker]:
    """Every deployment that ever failed."""
    return {row.deployment: Breaker(**row._mapping) for row in connection.execute(select(breakers))}


class StoreBreakers:
    """The breakers as one process sees them; belongs to one event loop. `commits` knows the operation `change`.

    While the store is away, or hangs, it goes on with what it knew and with what this process sees itself: a breaker
    spares a provider that is down, it must not take one away that is up.
    """

    def __init__(self, commits: GroupCommit, database: Database, limits: BreakerLimits) -> None:
        self._commits = commits
        self._database = database
        self._limits = limits
        self._known: dict[str, Breaker] = {}
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._store_is_away = False

    async def admit(self, deployment: str) -> Admission:
        """See `ports.Breakers`."""
        await self._refresh()
        known = self._known.get(deployment)
        if known is None or known.open_until is None:
            return Admission(admitted=True)
        moment = now()
        if known.state(moment) == "open":
            return Admission(admitted=False, until=known.open_until, kind=known.kind)
        if not known.is_probed(moment):
            changed = await self._change(deployment, ProbeClaimed(moment, self._limits))
            if changed.after != changed.before:
                return Admission(admitted=True, probe=True)
            if changed.after.open_until is None:
                return Admission(admitted=True)  # closed since we looked
            if changed.after.state(moment) == "open":  # tried and opened again since
                return Admission(admitted=False, until=changed.after.open_until, kind=changed.after.kind)
        return Admission(admitted=False, until=moment + timedelta(seconds=_SNAPSHOT_S), kind=known.kind)

    async def failed(self, deployment: str, kind: str, cool_down_s: float | None) -> None:
        """See `ports.Breakers`; never raises."""
        changed = await self._change(deployment, Failed(now(), self._limits, kind, cool_down_s))
        if changed.after.open_until != changed.before.open_until:
            _log.warning("breaker_opened", deployment=deployment, kind=kind, count=changed.after.openings)

    async def succeeded(self, deployment: str) -> None:
        """See `ports.Breakers`; never raises."""
        known = self._known.get(deployment)
        success = Succeeded(now())
        if known is None or success(known) == known:
            return
        changed = await self._change(deployment, success)
        if changed.before.open_until is not None and changed.after.open_until is None:
            _log.info("breaker_closed", deployment=deployment)

    async def released(self, deployment: str) -> None:
        """See `ports.Breakers`."""
        await self._change(deployment, ProbeReleased())

    async def _change(self, deployment: str, transition: Transition) -> Changed:
        """In the store; where that is away, in this process alone."""
        before = self._known.get(deployment, Breaker(deployment))
        try:
            async with asyncio.timeout(_PATIENCE_S):
                written = self._commits.submit(change, Change(deployment, transition))
                changed: Changed = await asyncio.wrap_future(written)
        except (ServiceUnavailable, TimeoutError) as error:
            _log.warning("breaker_store_unavailable", deployment=deployment, error=type(error).__name__)
            changed = Changed(before, transition(before))
            self._known[deployment] = changed.after
        else:
            self._learn(changed.after)
        return changed

    def _learn(self, breaker: Breaker) -> None:
        """A reading that began before our own write must not hide it."""
        known = self._known.get(breaker.deployment)
        if known is None or known.version <= breaker.version:
            self._known[breaker.deployment] = breaker

    async def _refresh(self) -> None:
        """Read the store where the last reading is old; many callers share one reading."""
        if asyncio.get_running_loop().time() - self._read_at < _SNAPSHOT_S:
            return
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        if not self._store_is_away:  # else nobody waits for its time-outs
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await asyncio.shield(self._reading)
            except TimeoutError:
                self._store_is_away = True

    async def _read(self) -> None:
        try:
            for breaker in (await asyncio.to_thread(self._rows)).values():
                self._learn(breaker)
            self._store_is_away = False
        except ServiceUnavailable as error:
            _log.warning("breaker_store_unavailable", error=error.slug)
            self._store_is_away = True
        finally:
            self._read_at = asyncio.get_running_loop().time()
            self._reading = None

    def _rows(self) -> dict[str, Breaker]:
        with self._database.read() as connection:
            return read_breakers(connection)
