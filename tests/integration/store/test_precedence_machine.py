"""A ward's work in any order of deliveries, ends, deaths and confirms: order holds, nothing is lost or done twice."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shared.database import Database
from shared.errors import Conflict
from shared.privacy.blind_index import Subject
from shared.tasks import commands, leases, publishing
from shared.tasks.claiming import Claimed
from shared.tasks.publishing import Published
from shared.tasks.states import TERMINAL
from tests.integration.store.clock import StoreClock
from tests.integration.store.conftest import emptied
from tests.integration.store.rows import TENANT, accepted, claim, completed, failed, results, retrying, row, settle

TERMINAL_VALUES = {status.value for status in TERMINAL}
SUBJECTS = [Subject(cpf="ana"), Subject(cpf="rui", record="7"), Subject(record="7")]
REBUILD_S = 100_000.0  # beyond what the clock reaches: a row that only rebuilding would save counts as lost
SWEEP_S = 10.0


class Ward(RuleBasedStateMachine):
    """Admissions, discharges and urgent work of three patients, two of whom share a record number."""

    database: ClassVar[Database]
    clock: ClassVar[StoreClock]

    def __init__(self) -> None:
        super().__init__()
        emptied(self.database)
        self.subject_of: dict[str, Subject] = {}
        self.event_of: dict[str, str] = {}
        self.order: list[str] = []
        self.messages: list[str] = []
        self.confirms: list[Published] = []
        self.claims: list[Claimed] = []

    @rule(
        event=st.sampled_from(["internacao", "alta", "consulta"]),
        subject=st.sampled_from(SUBJECTS),
        urgent=st.booleans(),
        published=st.booleans(),
    )
    def accept(self, event: str, subject: Subject, urgent: bool, published: bool) -> None:
        after = ("internacao",) if event == "alta" else ()
        task_id = accepted(self.database, event=event, subject=subject, urgent=urgent, after=after)
        self.subject_of[task_id], self.event_of[task_id] = subject, event
        self.order.append(task_id)
        if published:
            self.messages.append(task_id)
            self.confirms.append(Published(task_id, 0, REBUILD_S))

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), size=st.integers(1, 3))
    def deliver(self, data: st.DataObject, size: int) -> None:
        drawn = range(min(size, len(self.messages)))
        self._deliver([self.messages.pop(data.draw(st.integers(0, len(self.messages) - 1))) for _ in drawn])

    def _deliver(self, batch: list[str]) -> None:
        before = {task_id: row(self.database, task_id) for task_id in self.order}
        won = [answer for answer in claim(self.database, *batch) if isinstance(answer, Claimed)]
        taken = {answer.task_id for answer in won}
        assert len(taken) == len(won)
        for answer in won:
            if before[answer.task_id].status != "running":
                self._nothing_earlier_is_unfinished(answer.task_id, before)
            assert before[answer.task_id].urgent or not self._urgent_left(before, taken, answer.task_id)
        self.claims += won

    def _nothing_earlier_is_unfinished(self, task_id: str, before: dict[str, Any]) -> None:
        if self.event_of[task_id] != "alta":
            return
        mine = self.subject_of[task_id]
        for other in self.order[: self.order.index(task_id)]:
            theirs = self.subject_of[other]
            same = (mine.cpf and mine.cpf == theirs.cpf) or (mine.record and mine.record == theirs.record)
            assert not (same and self.event_of[other] == "internacao") or before[other].status in TERMINAL_VALUES

    def _urgent_left(self, before: dict[str, Any], taken: set[str], task_id: str) -> list[str]:
        """Urgent work that could have been claimed instead of `task_id`; a dead worker's task is not displaced."""
        if before[task_id].status == "running":
            return []
        return [
            other
            for other, found in before.items()
            if found.urgent and other not in taken and self.event_of[other] != "alta"
            if found.status in ("pending", "queued") or (found.status == "retrying" and found.not_before <= self.now())
        ]

    def now(self) -> Any:
        return self.clock.now()

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), end=st.sampled_from([completed, failed, "retry"]))
    def settle(self, data: st.DataObject, end: Any) -> None:
        held = self.claims.pop(data.draw(st.integers(0, len(self.claims) - 1)))
        settle(self.database, retrying(held, self.now()) if end == "retry" else end(held))

    @rule(seconds=st.sampled_from([1, 61]))
    def time_passes(self, seconds: int) -> None:
        self._pass(seconds)

    def _pass(self, seconds: float) -> None:
        self.clock.advance(seconds)
        with self.database.write() as connection:
            leases.expire_overdue(connection)

    @rule(lost=st.booleans())
    def sweep(self, lost: bool) -> None:
        """The relay publishes what is due; its confirms arrive later, or its messages never."""
        self._sweep(lost)

    def _sweep(self, lost: bool) -> None:
        with self.database.write() as connection:
            due = publishing.take_due(connection, ["eco"], 500, 20)
        if not lost:
            self.messages += [item.task_id for item in due]
            self.confirms += [Published(item.task_id, item.fence, REBUILD_S) for item in due]

    @precondition(lambda self: self.confirms)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        self._confirm(self.confirms.pop(data.draw(st.integers(0, len(self.confirms) - 1))))

    def _confirm(self, one: Published) -> None:
        with self.database.write() as connection:
            publishing.mark_published(connection, [one])

    @precondition(lambda self: self.order)
    @rule(data=st.data(), what=st.sampled_from(["cancel", "replay"]))
    def command(self, data: st.DataObject, what: str) -> None:
        task_id = data.draw(st.sampled_from(self.order))
        with self.database.write() as connection:
            try:
                if what == "cancel":
                    commands.cancel(connection, TENANT, task_id)
                else:
                    commands.replay(connection, TENANT, task_id, self.now())
            except Conflict:
                return

    @invariant()
    def a_run_has_one_result_at_most(self) -> None:
        for task_id in self.order:
            runs = [run for run, _ in results(self.database, task_id)]
            assert len(runs) == len(set(runs))

    def teardown(self) -> None:
        """Whatever happened: with messages delivered and claims ended, all work ends well before any rebuild."""
        for _ in range(2 * len(self.order) + 10):
            while self.messages:
                self._deliver([self.messages.pop(0)])
            while self.confirms:
                self._confirm(self.confirms.pop())
            while self.claims:
                settle(self.database, completed(self.claims.pop()))
            self._pass(SWEEP_S)
            self._sweep(lost=False)
        left = [row(self.database, task_id) for task_id in self.order]
        assert [found.status for found in left if found.status not in TERMINAL_VALUES] == []


def _check(database: Database, clock: StoreClock, examples: int) -> None:
    Ward.database, Ward.clock = database, clock
    run_state_machine_as_test(
        Ward,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_order_holds_on_sqlite(clock: StoreClock, sqlite_store: Database) -> None:
    _check(sqlite_store, clock, examples=40)


def test_the_order_holds_on_postgresql(clock: StoreClock, postgres_store: Database) -> None:
    _check(postgres_store, clock, examples=8)
