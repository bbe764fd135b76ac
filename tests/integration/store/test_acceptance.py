"""How rows come to be, and that the same request or message never makes two."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from shared.database import Database
from shared.errors import IdempotencyMismatch
from shared.tasks import acceptance
from shared.tasks.acceptance import Accepted
from shared.tasks.schema import idempotency_keys, tasks
from tests.integration.store.rows import accept, accepted, adopt, claimed, foreign_task, kinds, new_task, row


def _count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tasks)).scalar_one())


def test_a_batch_becomes_rows_in_the_order_asked(database: Database) -> None:
    items = [new_task() for _ in range(5)]
    answers = accept(database, *items)
    assert answers == [Accepted(item.id, "pending", created=True) for item in items]
    assert _count(database) == 5


def test_a_fresh_row_is_due_for_the_relay_when_its_grace_is_over(database: Database) -> None:
    item = new_task()
    accept(database, item)
    found = row(database, item.id)
    assert (found.status, found.origin, found.fence, found.attempts) == ("pending", "api", 0, 0)
    assert (found.publish_at, found.created_at >= item.created_at) == (item.publish_at, True)
    assert found.traceparent == "00-trace"


def test_the_same_key_and_body_find_the_first_task(database: Database) -> None:
    first, again = new_task("k1"), new_task("k1")
    accept(database, first)
    assert accept(database, again) == [Accepted(first.id, "pending", created=False)]
    assert _count(database) == 1


def test_the_same_key_with_another_body_is_refused_and_writes_nothing(database: Database) -> None:
    accept(database, new_task("k1"))
    (answer,) = accept(database, new_task("k1", body_hash="h2"))
    assert isinstance(answer, IdempotencyMismatch)
    assert _count(database) == 1


def test_doubles_inside_one_batch_are_one_task_and_the_first_wins(database: Database) -> None:
    first, double, other, keyless = new_task("k1"), new_task("k1"), new_task("k1", body_hash="h2"), new_task()
    answers = accept(database, first, double, other, keyless)
    assert answers[0] == Accepted(first.id, "pending", created=True)
    assert answers[1] == Accepted(first.id, "pending", created=False)
    assert isinstance(answers[2], IdempotencyMismatch)
    assert answers[3].created
    assert _count(database) == 2


def test_a_key_belongs_to_one_tenant_and_client(database: Database) -> None:
    mine = new_task("k1")
    theirs = acceptance.NewTask(**{name: getattr(new_task("k1"), name) for name in mine.__slots__} | {"client": "x"})
    assert [answer.created for answer in accept(database, mine, theirs)] == [True, True]


def test_two_transactions_at_once_make_one_task(database: Database) -> None:
    started = threading.Barrier(2)

    def one() -> Accepted:
        item = new_task("same")
        started.wait(60)
        (answer,) = accept(database, item)
        return answer

    with ThreadPoolExecutor(2) as pool:
        answers = [future.result(60) for future in [pool.submit(one), pool.submit(one)]]
    assert sorted(answer.created for answer in answers) == [False, True]
    assert len({answer.task_id for answer in answers}) == 1
    assert _count(database) == 1


def test_a_key_written_by_an_open_transaction_is_waited_for(postgres_store: Database) -> None:
    """PostgreSQL: the second inserter must see what the first commits, not decide before it."""
    first = new_task("held")
    with ThreadPoolExecutor(1) as pool:
        with postgres_store.write() as connection:
            acceptance.accept(connection, [first])
            later = pool.submit(accept, postgres_store, new_task("held"))
            with pytest.raises(TimeoutError):
                later.result(0.3)
        assert later.result(60) == [Accepted(first.id, "pending", created=False)]


def test_a_rolled_back_transaction_leaves_neither_task_nor_key(database: Database) -> None:
    item = new_task("k1")
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        acceptance.accept(connection, [item])
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(idempotency_keys)).scalar_one() == 0
    assert _count(database) == 0


def test_an_adopted_message_is_queued_and_comes_back_should_the_broker_lose_it(database: Database) -> None:
    assert adopt(database, foreign_task("f1", external_id="lab-7")) == ["f1"]
    found = row(database, "f1")
    assert (found.status, found.origin, found.external_id, found.reply_to) == (
        "queued",
        "broker",
        "lab-7",
        "callback-1",
    )
    assert found.publish_at > found.created_at
    claimed(database, "f1")
    assert kinds(database, "f1") == ["claimed"], "its message is not of our publishing"


def test_a_repeated_message_finds_its_row_and_says_so(database: Database) -> None:
    adopt(database, foreign_task("f1"))
    assert adopt(database, foreign_task("f1")) == ["f1"]
    assert kinds(database, "f1") == ["repeated"]
    assert _count(database) == 1


def test_repeats_inside_one_batch_are_one_row(database: Database) -> None:
    assert adopt(database, foreign_task("f1"), foreign_task("f2"), foreign_task("f1")) == ["f1", "f2", "f1"]
    assert (kinds(database, "f1"), kinds(database, "f2")) == (["repeated"], [])


def test_a_message_read_again_after_midnight_finds_yesterdays_row(database: Database) -> None:
    adopt(database, foreign_task("yesterday", "the-day-before"))
    assert adopt(database, foreign_task("today", "yesterday")) == ["yesterday"]
    assert _count(database) == 1


def test_two_workers_adopt_the_same_message_at_once(database: Database) -> None:
    started = threading.Barrier(4)

    def one() -> list[str]:
        started.wait(60)
        return adopt(database, foreign_task("f1"))

    with ThreadPoolExecutor(4) as pool:
        answers = [future.result(60) for future in [pool.submit(one) for _ in range(4)]]
    assert answers == [["f1"]] * 4
    assert _count(database) == 1


def test_adopting_again_does_not_disturb_a_running_task(database: Database) -> None:
    adopt(database, foreign_task("f1"))
    before = claimed(database, "f1")
    adopt(database, foreign_task("f1"))
    found = row(database, "f1")
    assert (found.status, found.fence) == ("running", before.fence)


def test_accepting_the_same_row_twice_changes_nothing(database: Database) -> None:
    """The group commit may run an operation twice when the first commit's answer was lost."""
    task_id = accepted(database)
    claimed(database, task_id)
    item = acceptance.NewTask(**{name: getattr(new_task(), name) for name in new_task().__slots__} | {"id": task_id})
    assert accept(database, item)[0].task_id == task_id
    assert row(database, task_id).status == "running"
