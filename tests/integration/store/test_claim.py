"""Claims: one owner at a time, and a fence that only grows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from shared.database import Database
from shared.tasks import reading
from shared.tasks.claiming import Claimed, Refusal
from tests.integration.store.clock import StoreClock
from tests.integration.store.rows import (
    TENANT,
    accept,
    accepted,
    claim,
    claimed,
    completed,
    kinds,
    new_task,
    retrying,
    row,
    settle,
)


def test_a_claim_hands_over_all_that_a_worker_needs(database: Database) -> None:
    item = new_task()
    accept(database, item)
    assert claimed(database, item.id) == Claimed(
        item.id, 1, 1, 0, 0, "eco", "eco", '{"texto":"x"}', row(database, item.id).created_at, "default", "tests"
    )


def test_a_claimed_row_is_running_and_no_longer_due(database: Database) -> None:
    task_id = accepted(database)
    claimed(database, task_id, owner="w7", lease_s=30)
    found = row(database, task_id)
    assert (found.status, found.owner, found.publish_at, found.version) == ("running", "w7", None, 2)
    assert found.lease_until - found.started_at == timedelta(seconds=30)
    assert kinds(database, task_id) == ["published", "claimed"]


def test_what_cannot_be_claimed_is_refused_with_the_reason(database: Database, clock: StoreClock) -> None:
    ended, held, waiting, free = (accepted(database) for _ in range(4))
    settle(database, completed(claimed(database, ended)))
    claimed(database, held)
    settle(database, retrying(claimed(database, waiting), clock.now() + timedelta(seconds=30)))
    answers = claim(database, "no-such-row", ended, held, waiting, free)
    assert answers[:4] == [Refusal.UNKNOWN, Refusal.TERMINAL, Refusal.LEASED, Refusal.NOT_DUE]
    assert isinstance(answers[4], Claimed)


def test_a_refused_claim_changes_nothing(database: Database) -> None:
    task_id = accepted(database)
    claimed(database, task_id)
    before = row(database, task_id)
    claim(database, task_id, owner="w2")
    assert row(database, task_id) == before
    assert kinds(database, task_id) == ["published", "claimed"]


def test_an_expired_lease_is_claimed_by_another_and_counts_a_death(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database)
    first = claimed(database, task_id)
    clock.advance(61)
    second = claimed(database, task_id, owner="w2")
    assert (second.fence, second.deaths, second.attempts) == (first.fence + 1, 1, 0)
    assert row(database, task_id).owner == "w2"


def test_a_retry_is_claimed_once_it_is_due(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database)
    first = claimed(database, task_id)
    settle(database, retrying(first, clock.now() + timedelta(seconds=30)))
    clock.advance(31)
    second = claimed(database, task_id)
    assert (second.fence, second.attempts, second.deaths) == (first.fence + 1, 1, 0)
    assert row(database, task_id).not_before is None


def test_the_first_start_of_a_task_stays_its_start(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database)
    claimed(database, task_id)
    began = row(database, task_id).started_at
    clock.advance(61)
    claimed(database, task_id)
    assert row(database, task_id).started_at == began


def test_doubled_messages_of_one_batch_get_one_claim(database: Database) -> None:
    one, other = accepted(database), accepted(database)
    answers = claim(database, one, other, one, one)
    assert [isinstance(answer, Claimed) for answer in answers] == [True, True, False, False]
    assert answers[2:] == [Refusal.LEASED, Refusal.LEASED]
    assert (row(database, one).fence, kinds(database, one)) == (1, ["published", "claimed"])


def test_of_many_threads_exactly_one_wins_each_task(database: Database) -> None:
    ids = [accepted(database) for _ in range(6)]
    workers = 8
    started = threading.Barrier(workers)

    def one(number: int) -> list[str]:
        started.wait(60)
        wanted = ids if number % 2 else list(reversed(ids))
        return [
            task_id
            for task_id in wanted
            for answer in claim(database, task_id, owner=f"w{number}")
            if isinstance(answer, Claimed)
        ]

    with ThreadPoolExecutor(workers) as pool:
        won = [task_id for future in [pool.submit(one, n) for n in range(workers)] for task_id in future.result(60)]
    assert sorted(won) == sorted(ids)
    assert all(row(database, task_id).fence == 1 for task_id in ids)


def test_a_message_in_another_domains_vhost_claims_nothing(database: Database) -> None:
    task_id = accepted(database, domain="exames")
    assert claim(database, task_id) == [Refusal.LEASED]
    with database.read() as connection:
        row = reading.find(connection, TENANT, task_id)
    assert row is not None and row.status == "pending"
