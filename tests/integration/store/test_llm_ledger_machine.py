"""Attempts of two processes in any order of openings, ends, deaths and sweeps: the books always balance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from shared.clock import now
from shared.database import Database
from shared.llm.budgets import charges, period_bounds
from shared.llm.errors import BudgetExhausted
from shared.llm.ledger import Entry, Opening, book, sweep_abandoned
from shared.llm.ports import AttemptOpened
from shared.llm.schema import attempts, budgets
from tests.integration.store.conftest import emptied
from tests.integration.store.spending import EXPIRES_S, ZONE, context, limit, opened, settled

LIMITS = [
    limit("tenant", "0.0003"),
    limit("tenant", "0.0008", period="month"),
    limit("client", "0.0002"),
    limit("client", "0.00005", "poor"),
    limit("domain", "0.00015"),
]
AMOUNT = st.sampled_from([0, 1, 20, 40, 90])


class Books(RuleBasedStateMachine):
    """Batches as two group commits make them; the model is plain arithmetic over what was answered."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        emptied(self.database)
        self.moment = period_bounds("day", now(), ZONE)[1] - timedelta(seconds=2 * EXPIRES_S)
        self.open: dict[str, AttemptOpened] = {}  # reserved
        self.swept: dict[str, AttemptOpened] = {}
        self.billed: dict[str, int] = {}
        self.known: dict[str, AttemptOpened] = {}

    def _opening(self, attempt: AttemptOpened) -> Opening:
        charged = charges(LIMITS, attempt.context, attempt.started_at, ZONE) if attempt.reserve_microusd else []
        return Opening(attempt, attempt.started_at.astimezone(ZONE).date(), charged)

    def _book(self, items: list[Entry]) -> list[Any]:
        with self.database.write() as connection:
            return book(connection, items)

    @rule(
        wanted=st.lists(
            st.tuples(AMOUNT, st.sampled_from(["poor", "ward", "er"]), st.sampled_from([None, "exames"])),
            min_size=1,
            max_size=5,
        ),
        twice=st.booleans(),
    )
    def opening(self, wanted: list[tuple[int, str, str | None]], twice: bool) -> None:
        made = [opened(amount, context(client=c, domain=d), at=self.moment) for amount, c, d in wanted]
        items = [self._opening(attempt) for attempt in made]
        answers = self._book(items)
        if twice and not any(answers):
            assert self._book(items) == answers  # the answer to the first commit was lost
        for attempt, item, answer in zip(made, items, answers, strict=True):
            if answer is None:
                self.open[attempt.id] = self.known[attempt.id] = attempt
                self._never_promised_twice(item)
            else:
                assert isinstance(answer, BudgetExhausted)
                assert answer.resets_at in {charge.resets_at for charge in item.charges}

    def _never_promised_twice(self, item: Opening) -> None:
        with self.database.read() as connection:
            for charge in item.charges:
                row = connection.execute(select(budgets).where(budgets.c.id == charge.id)).one()
                assert row.reserved_microusd + row.spent_microusd <= charge.limit_microusd

    @precondition(lambda self: self.known)
    @rule(data=st.data(), costs=st.lists(AMOUNT, min_size=1, max_size=4))
    def settling(self, data: st.DataObject, costs: list[int]) -> None:
        """Of any attempt, settled before or not, more than once in a batch or not."""
        drawn = [(self.known[data.draw(st.sampled_from(sorted(self.known)))], cost) for cost in costs]
        self._book([settled(attempt, cost) for attempt, cost in drawn])
        for attempt, cost in drawn:
            if attempt.id in self.open or attempt.id in self.swept:
                self.open.pop(attempt.id, None)
                self.swept.pop(attempt.id, None)
                self.billed[attempt.id] = cost

    @rule(amount=AMOUNT, cost=AMOUNT)
    def cancelled_while_opening(self, amount: int, cost: int) -> None:
        attempt = opened(amount, at=self.moment)
        (answer, _) = self._book([self._opening(attempt), settled(attempt, cost, "cancelled")])
        if answer is None:
            self.known[attempt.id] = attempt
            self.billed[attempt.id] = cost

    @rule(seconds=st.sampled_from([1, EXPIRES_S, 5 * EXPIRES_S]))
    def time_passes(self, seconds: int) -> None:
        self.moment += timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        late = {key: attempt for key, attempt in self.open.items() if attempt.expires_at < self.moment}
        with self.database.write() as connection:
            assert sweep_abandoned(connection, self.moment) == len(late)
        for key, attempt in late.items():
            self.swept[key] = self.open.pop(key)
            self.billed[key] = attempt.reserve_microusd

    @invariant()
    def the_books_balance(self) -> None:
        expected: dict[tuple[str, str, str, datetime], list[int]] = {}
        for key, attempt in self.known.items():
            for charge in self._opening(attempt).charges:
                place = expected.setdefault((charge.scope, charge.name, charge.period, charge.starts_at), [0, 0])
                place[0] += attempt.reserve_microusd if key in self.open else 0
                place[1] += self.billed.get(key, 0)
        with self.database.read() as connection:
            rows = connection.execute(select(budgets)).all()
            ledger = {row.id: row for row in connection.execute(select(attempts))}
        found = {
            (row.scope, row.name, row.period, row.starts_at): [row.reserved_microusd, row.spent_microusd]
            for row in rows
            if row.reserved_microusd or row.spent_microusd
        }
        assert found == {place: amounts for place, amounts in expected.items() if any(amounts)}
        assert ledger.keys() == self.known.keys()
        assert {key: row.cost_microusd for key, row in ledger.items() if row.outcome} == self.billed


def _check(database: Database, examples: int) -> None:
    Books.database = database
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_books_balance_on_sqlite(sqlite_store: Database) -> None:
    _check(sqlite_store, examples=40)


def test_the_books_balance_on_postgresql(postgres_store: Database) -> None:
    _check(postgres_store, examples=12)
