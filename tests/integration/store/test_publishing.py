"""Which rows go to the broker, and what a confirm changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from shared.database import Database
from shared.tasks import publishing, settling
from shared.tasks.publishing import Due, Published
from tests.integration.store.clock import StoreClock
from tests.integration.store.rows import accepted, claim, claimed, completed, kinds, retrying, row, settle

REBUILD_S = 100.0


def _take(database: Database, *domains: str, limit: int = 100) -> list[Due]:
    with database.write() as connection:
        return publishing.take_due(connection, domains or ("eco",), limit, hold_s=20)


def _ids(taken: list[Due]) -> list[str]:
    return [due.task_id for due in taken]


def _confirm(database: Database, *taken: Due) -> None:
    with database.write() as connection:
        publishing.mark_published(connection, [Published(due.task_id, due.fence, REBUILD_S) for due in taken])


def _unpublished(database: Database) -> int:
    with database.read() as connection:
        return publishing.count_unpublished(connection)


def test_a_row_is_taken_when_its_time_has_come(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database, due_in_s=5)
    assert _take(database) == []
    clock.advance(6)
    assert _unpublished(database) == 1
    assert _take(database) == [Due(task_id, "eco", "eco", 1, "00-trace", 0)]


def test_a_taken_row_is_held_back_until_its_confirm_is_overdue(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database, due_in_s=-1)
    assert _ids(_take(database)) == [task_id]
    assert _take(database) == []
    clock.advance(21)
    assert _ids(_take(database)) == [task_id]


def test_only_the_domains_asked_for_are_taken(database: Database) -> None:
    eco, exames = accepted(database, due_in_s=-1), accepted(database, domain="exames", due_in_s=-1)
    assert _ids(_take(database, "exames", "opme")) == [exames]
    assert _ids(_take(database, "eco")) == [eco]


def test_the_longest_due_come_first_and_no_more_than_the_limit(database: Database) -> None:
    ids = [accepted(database, due_in_s=-10.0 + number) for number in range(5)]
    assert sorted(_ids(_take(database, limit=2))) == sorted(ids[:2])
    assert sorted(_ids(_take(database))) == sorted(ids[2:])


def test_running_and_ended_rows_are_never_taken(database: Database, clock: StoreClock) -> None:
    running, ended = accepted(database, due_in_s=-1), accepted(database, due_in_s=-1)
    claimed(database, running)
    settle(database, completed(claimed(database, ended)))
    clock.advance(10_000)
    assert (_take(database), _unpublished(database)) == ([], 0)


def test_relays_that_sweep_at_once_share_the_rows(database: Database) -> None:
    ids = [accepted(database, due_in_s=-1) for _ in range(30)]
    started = Barrier(4)

    def sweep() -> list[Due]:
        started.wait(60)
        return _take(database, limit=10)

    with ThreadPoolExecutor(4) as pool:
        taken = [task_id for future in [pool.submit(sweep) for _ in range(4)] for task_id in _ids(future.result(60))]
    taken += _ids(_take(database))
    assert sorted(taken) == sorted(ids)


def test_a_confirmed_row_is_queued(database: Database) -> None:
    task_id = accepted(database, due_in_s=-1)
    _confirm(database, *_take(database))
    found = row(database, task_id)
    assert (found.status, found.publications) == ("queued", 1)
    assert found.publish_at - found.published_at == timedelta(seconds=REBUILD_S)
    assert kinds(database, task_id) == ["published"]


def test_a_row_that_nobody_claims_is_published_again_each_time_after_twice_as_long(
    database: Database, clock: StoreClock
) -> None:
    task_id = accepted(database, due_in_s=-1)
    waits = []
    for _ in range(9):
        _confirm(database, *_take(database))
        found = row(database, task_id)
        waits.append((found.publish_at - found.published_at).total_seconds() / REBUILD_S)
        clock.advance(waits[-1] * REBUILD_S + 1)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_rows_of_different_age_in_one_confirmed_batch_keep_their_own_pace(
    database: Database, clock: StoreClock
) -> None:
    old = accepted(database, due_in_s=-1)
    _confirm(database, *_take(database))
    clock.advance(REBUILD_S + 1)
    young = accepted(database, due_in_s=-1)
    _confirm(database, *_take(database))
    ages = {task_id: row(database, task_id) for task_id in (old, young)}
    waits = {task_id: (found.publish_at - found.published_at).total_seconds() for task_id, found in ages.items()}
    assert waits == {old: 2 * REBUILD_S, young: REBUILD_S}


def test_a_confirm_that_comes_after_the_claim_does_not_queue_the_row_again(database: Database) -> None:
    task_id = accepted(database, due_in_s=-1)
    taken = _take(database)
    claimed(database, task_id)
    _confirm(database, *taken)
    found = row(database, task_id)
    assert (found.status, found.publish_at) == ("running", None)
    assert kinds(database, task_id) == ["published", "claimed"]


def test_whatever_order_confirm_and_end_are_written_in_the_end_is_the_last_line(postgres_store: Database) -> None:
    task_id = accepted(postgres_store, due_in_s=-1)
    taken = _take(postgres_store)
    mine = claimed(postgres_store, task_id)
    with postgres_store.write() as connection:  # the end is written, and not yet to be seen
        settling.settle(connection, [completed(mine)])
        _confirm(postgres_store, *taken)
    assert kinds(postgres_store, task_id) == ["published", "claimed", "completed"]


def test_a_confirm_known_before_the_claim_is_told_once(database: Database) -> None:
    task_id = accepted(database, due_in_s=-1)
    _confirm(database, *_take(database))
    claimed(database, task_id)
    assert kinds(database, task_id) == ["published", "claimed"]


def test_a_confirm_that_comes_after_the_end_changes_no_row(database: Database) -> None:
    task_id = accepted(database, due_in_s=-1)
    taken = _take(database)
    settle(database, completed(claimed(database, task_id)))
    before = row(database, task_id)
    _confirm(database, *taken)
    assert row(database, task_id) == before


def test_a_confirm_that_comes_after_a_failed_attempt_does_not_delay_its_retry(
    database: Database, clock: StoreClock
) -> None:
    task_id = accepted(database, due_in_s=-1)
    taken = _take(database)
    due = clock.now() + timedelta(seconds=2)
    settle(database, retrying(claimed(database, task_id), due))
    _confirm(database, *taken)
    assert row(database, task_id).publish_at == due


def test_a_retry_is_published_when_it_is_due_and_says_which_attempt(database: Database, clock: StoreClock) -> None:
    task_id = accepted(database, due_in_s=-1)
    settle(database, retrying(claimed(database, task_id), clock.now() + timedelta(seconds=2)))
    assert _take(database) == []
    clock.advance(3)
    (taken,) = _take(database)
    assert (taken.task_id, taken.attempt) == (task_id, 2)
    _confirm(database, taken)
    found = row(database, task_id)
    assert (found.status, found.publish_at - found.published_at) == ("retrying", timedelta(seconds=REBUILD_S))
    assert len(claim(database, task_id)) == 1
