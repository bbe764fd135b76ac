"""Many threads' writes in one transaction: shared when all is well, apart when one of them is poison."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from dev.postgres_node import PostgresNode
from shared.database import Database
from shared.errors import Overloaded, StoreUnavailable
from shared.group_commit import GroupCommit
from shared.tasks import acceptance
from shared.tasks.schema import rejected_messages
from tests.databases import postgres_database
from tests.integration.store.rows import new_task, row

WAIT_S = 120


class Script:
    """Operations that note what ran in which transaction; `gate` holds the writer while a batch gathers."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.calls: list[tuple[str, list[Any]]] = []
        # Operations are told apart by identity, and a bound method is a new object at each look.
        self.hold, self.first, self.second = self._hold, self._first, self._second

    def _hold(self, _connection: Connection, items: Sequence[Any]) -> list[Any]:
        self.entered.set()
        assert self.gate.wait(WAIT_S)
        return list(items)

    def _first(self, _connection: Connection, items: Sequence[Any]) -> list[Any]:
        self.calls.append(("first", list(items)))
        return [f"first {item}" for item in items]

    def _second(self, _connection: Connection, items: Sequence[Any]) -> list[Any]:
        self.calls.append(("second", list(items)))
        if "poison" in items:
            raise ValueError("poison")
        return [f"second {item}" for item in items]


@pytest.fixture
def script() -> Script:
    return Script()


Start = Callable[..., GroupCommit]


@pytest.fixture
def start(database: Database, script: Script) -> Iterator[Start]:
    """A group commit over `database`, its writer held so that what follows gathers into one batch."""
    made: list[GroupCommit] = []

    def begin(**options: Any) -> GroupCommit:
        commits = GroupCommit(database, [script.hold, script.first, script.second, acceptance.accept], **options)
        made.append(commits)
        commits.submit(script.hold, None)
        assert script.entered.wait(WAIT_S)
        return commits

    yield begin
    script.gate.set()
    for commits in made:
        commits.close()


def _results(futures: list[Future[Any]]) -> list[Any]:
    return [future.exception(WAIT_S) or future.result() for future in futures]


def test_what_gathers_shares_one_call_and_keeps_its_own_answer(start: Start, script: Script) -> None:
    commits = start()
    futures = [commits.submit(script.first, number) for number in range(5)]
    script.gate.set()
    assert _results(futures) == [f"first {number}" for number in range(5)]
    assert script.calls == [("first", [0, 1, 2, 3, 4])]


def test_operations_run_in_their_order_whatever_order_they_came_in(start: Start, script: Script) -> None:
    commits = start()
    futures = [commits.submit(script.second, 1), commits.submit(script.first, 2), commits.submit(script.second, 3)]
    script.gate.set()
    assert _results(futures) == ["second 1", "first 2", "second 3"]
    assert script.calls == [("first", [2]), ("second", [1, 3])]


def test_a_batch_is_bounded(start: Start, script: Script) -> None:
    commits = start(max_batch=2)
    futures = [commits.submit(script.first, number) for number in range(5)]
    script.gate.set()
    _results(futures)
    assert [items for _, items in script.calls] == [[0, 1], [2, 3], [4]]


def test_a_poison_item_fails_alone(start: Start, script: Script, database: Database) -> None:
    commits = start()
    task = new_task()
    futures = [
        commits.submit(acceptance.accept, task),
        commits.submit(script.second, "good"),
        commits.submit(script.second, "poison"),
    ]
    script.gate.set()
    answers = _results(futures)
    assert answers[0].task_id == task.id
    assert answers[1] == "second good"
    assert isinstance(answers[2], ValueError)
    assert row(database, task.id).status == "pending"


def test_a_lone_failure_reaches_its_caller_and_the_writer_goes_on(start: Start, script: Script) -> None:
    commits = start()
    script.gate.set()
    with pytest.raises(ValueError, match="poison"):
        commits.submit(script.second, "poison").result(WAIT_S)
    assert commits.submit(script.second, "next").result(WAIT_S) == "second next"


def test_a_statement_that_the_database_refuses_is_the_callers_error_not_an_outage(
    start: Start, database: Database
) -> None:
    def broken(connection: Connection, items: Sequence[Any]) -> list[Any]:
        connection.execute(insert(rejected_messages).values(id="r1"))
        return list(items)

    commits = GroupCommit(database, [broken])
    with pytest.raises(IntegrityError):
        commits.submit(broken, None).result(WAIT_S)
    commits.close()


def test_who_is_answered_is_durable(start: Start, script: Script, database: Database) -> None:
    commits = start()
    script.gate.set()
    task = new_task()
    commits.submit(acceptance.accept, task).result(WAIT_S)
    assert row(database, task.id).id == task.id


def test_a_full_queue_refuses_who_waits_but_not_what_nobody_waits_for(start: Start, script: Script) -> None:
    commits = start(max_waiting=2)
    kept = [commits.submit(script.first, number) for number in range(2)]
    with pytest.raises(Overloaded) as refused:
        commits.submit(script.first, "too much")
    assert refused.value.retry_after == 1
    commits.enqueue(script.first, "unawaited", None)
    script.gate.set()
    _results(kept)
    commits.close()
    assert script.calls == [("first", [0, 1, "unawaited"])]


def test_closing_finishes_what_was_queued_and_takes_no_more(start: Start, script: Script) -> None:
    commits = start()
    futures = [commits.submit(script.first, number) for number in range(3)]
    script.gate.set()
    commits.close()
    assert all(future.done() for future in futures)
    with pytest.raises(StoreUnavailable):
        commits.submit(script.first, "late")


def test_a_caller_that_gave_up_does_not_stop_the_others(start: Start, script: Script) -> None:
    commits = start()
    abandoned, kept = commits.submit(script.first, 1), commits.submit(script.first, 2)
    assert abandoned.cancel()
    script.gate.set()
    assert kept.result(WAIT_S) == "first 2"
    assert commits.submit(script.first, 3).result(WAIT_S) == "first 3"


def test_an_unawaited_failure_is_dropped_and_the_writer_goes_on(start: Start, script: Script) -> None:
    commits = start()
    commits.enqueue(script.second, "poison", None)
    script.gate.set()
    assert commits.submit(script.second, "next").result(WAIT_S) == "second next"


def test_answers_go_to_the_callers_own_receiver(database: Database, script: Script) -> None:
    received: list[tuple[Any, Any, BaseException | None]] = []
    commits = GroupCommit(database, [script.first, script.second], answer=received.extend)
    commits.enqueue(script.second, "poison", "waiter")
    commits.close()
    ((waiter, result, error),) = received
    assert (waiter, result, type(error)) == ("waiter", None, ValueError)


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresNode]:
    """A node that this module may kill."""
    node = PostgresNode(tmp_path_factory.mktemp("pgkill"))
    node.start()
    postgres_database(node, "kill")
    yield node
    node.stop()


def _count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(acceptance.tasks)).scalar_one())


def test_a_crash_of_postgresql_is_an_outage_until_it_is_back(own_postgres: PostgresNode, tmp_path: Path) -> None:
    database = Database(own_postgres.url("kill"))
    commits = GroupCommit(database, [acceptance.accept])
    before, during, after = new_task(), new_task(), new_task()
    commits.submit(acceptance.accept, before).result(WAIT_S)
    own_postgres.kill()
    with pytest.raises(StoreUnavailable):
        commits.submit(acceptance.accept, during).result(WAIT_S)
    own_postgres.start()
    # The pooled connection died with the old server: the caller must not notice.
    assert commits.submit(acceptance.accept, after).result(WAIT_S).created
    assert _count(database) == 2
    commits.close()
    database.close()


def test_a_restart_between_two_writes_goes_unnoticed(own_postgres: PostgresNode) -> None:
    database = Database(own_postgres.url("kill"))
    commits = GroupCommit(database, [acceptance.accept])
    commits.submit(acceptance.accept, new_task()).result(WAIT_S)
    own_postgres.restart()
    futures = [commits.submit(acceptance.accept, new_task()) for _ in range(3)]
    assert all(future.result(WAIT_S).created for future in futures)
    commits.close()
    database.close()


def test_a_poison_item_still_fails_alone_right_after_a_restart(own_postgres: PostgresNode) -> None:
    database = Database(own_postgres.url("kill"))
    gate, entered = threading.Event(), threading.Event()

    def hold(connection: Connection, items: Sequence[Any]) -> list[Any]:
        entered.set()
        assert gate.wait(WAIT_S)
        return list(items)

    def poison(connection: Connection, items: Sequence[Any]) -> list[Any]:
        raise ValueError("poison")

    commits = GroupCommit(database, [hold, acceptance.accept, poison])
    commits.submit(hold, None)
    assert entered.wait(WAIT_S)
    own_postgres.restart()
    good, bad = commits.submit(acceptance.accept, new_task()), commits.submit(poison, None)
    gate.set()
    assert good.result(WAIT_S).created
    assert isinstance(bad.exception(WAIT_S), ValueError)
    commits.close()
    database.close()


def test_reads_tell_an_outage_from_a_wrong_statement(own_postgres: PostgresNode) -> None:
    database = Database(own_postgres.url("no-such-database"))
    with pytest.raises(StoreUnavailable), database.read():
        pass
    database.close()
