"""Any order of claims, ends, deaths, cancellations and replays keeps the promises of the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shared.database import Database
from shared.errors import Conflict
from shared.tasks import commands, finding, leases
from shared.tasks.claiming import Claimed
from shared.tasks.finding import Findings
from shared.tasks.settling import NotCompleted
from shared.tasks.states import TERMINAL, TaskStatus
from tests.integration.store.clock import StoreClock
from tests.integration.store.conftest import emptied
from tests.integration.store.rows import (
    TENANT,
    accepted,
    claim,
    completed,
    failed,
    kinds,
    results,
    retrying,
    row,
    settle,
)

TERMINAL_VALUES = {status.value for status in TERMINAL}


class OneTask(RuleBasedStateMachine):
    """Three owners and every claim anybody ever held, stale ones included, over one task."""

    database: ClassVar[Database]
    clock: ClassVar[StoreClock]

    def __init__(self) -> None:
        super().__init__()
        self.task_id = accepted(emptied(self.database))
        self.claims: list[Claimed] = []
        self.last_fence = 0
        self.ended: Any = None  # the row as it was when it ended
        self.replays = 0

    @rule(owner=st.sampled_from(["w1", "w2", "w3"]), copies=st.integers(1, 3))
    def claim(self, owner: str, copies: int) -> None:
        won = [a for a in claim(self.database, *[self.task_id] * copies, owner=owner) if isinstance(a, Claimed)]
        assert len(won) <= 1
        assert all(answer.fence > self.last_fence for answer in won)
        self.claims += won

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), degraded=st.booleans())
    def complete(self, data: st.DataObject, degraded: bool) -> None:
        self._settle(completed(data.draw(st.sampled_from(self.claims)), degraded=degraded))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        self._settle(failed(data.draw(st.sampled_from(self.claims))))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), delay_s=st.sampled_from([0, 30]), counts=st.sampled_from(["attempts", "deaths"]))
    def retry(self, data: st.DataObject, delay_s: int, counts: str) -> None:
        due = self.clock.now() + timedelta(seconds=delay_s)
        self._settle(retrying(data.draw(st.sampled_from(self.claims)), due, counts))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.claims))
        self._settle(NotCompleted(held.task_id, held.fence, TaskStatus.QUEUED, None, self.clock.now()))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def save_findings(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.claims))
        before = row(self.database, self.task_id)
        with self.database.write() as connection:
            (saved,) = finding.save_findings(connection, [Findings(held.task_id, held.fence, held.run, {}, [])])
        assert saved == (before.status == "running" and before.fence == held.fence)

    @rule(owner=st.sampled_from(["w1", "w2", "w3"]))
    def owner_dies(self, owner: str) -> None:
        with self.database.write() as connection:
            leases.expire_owner(connection, owner)

    @rule(seconds=st.sampled_from([1, 31, 61]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        with self.database.write() as connection:
            leases.expire_overdue(connection)

    @rule()
    def cancel(self) -> None:
        with self.database.write() as connection:
            try:
                commands.cancel(connection, TENANT, self.task_id)
            except Conflict:
                assert self.ended is not None

    @rule()
    def replay(self) -> None:
        with self.database.write() as connection:
            try:
                commands.replay(connection, TENANT, self.task_id, self.clock.now())
            except Conflict:
                assert self.ended is None
                return
        self.ended = None
        self.replays += 1

    def _settle(self, item: Any) -> None:
        before = row(self.database, self.task_id)
        (held,) = settle(self.database, item)
        assert held == (before.status == "running" and before.fence == item.fence)

    @invariant()
    def the_fence_only_grows(self) -> None:
        fence = row(self.database, self.task_id).fence
        assert fence >= self.last_fence
        self.last_fence = fence

    @invariant()
    def what_has_ended_changes_by_a_replay_only(self) -> None:
        found = row(self.database, self.task_id)
        if self.ended is not None:
            assert found == self.ended
        elif found.status in TERMINAL_VALUES:
            self.ended = found

    @invariant()
    def a_run_completes_once_and_with_one_result(self) -> None:
        found = row(self.database, self.task_id)
        runs = [run for run, _ in results(self.database, self.task_id)]
        assert found.run == 1 + self.replays
        assert len(runs) == len(set(runs)) == kinds(self.database, self.task_id).count("completed")
        assert (found.status == "completed") == (found.run in runs)

    @invariant()
    def the_row_is_whole(self) -> None:
        found = row(self.database, self.task_id)
        running, ended = found.status == "running", found.status in TERMINAL_VALUES
        assert running == (found.owner is not None) == (found.lease_until is not None)
        assert ended == (found.finished_at is not None)
        assert (found.publish_at is None) == (running or ended)


@pytest.fixture
def machine(clock: StoreClock) -> Iterator[type[OneTask]]:
    OneTask.clock = clock
    yield OneTask


def _check(machine: type[OneTask], database: Database, examples: int) -> None:
    machine.database = database
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_promises_hold_on_sqlite(machine: type[OneTask], sqlite_store: Database) -> None:
    _check(machine, sqlite_store, examples=40)


def test_the_promises_hold_on_postgresql(machine: type[OneTask], postgres_store: Database) -> None:
    _check(machine, postgres_store, examples=8)
