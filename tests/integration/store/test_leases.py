"""Leases: renewed while their owner works, expired once it is gone."""

from __future__ import annotations

from sqlalchemy import select

from shared.database import Database
from shared.tasks import commands, leases
from shared.tasks.claiming import Refusal
from shared.tasks.schema import tasks
from tests.integration.store.clock import StoreClock
from tests.integration.store.conftest import emptied
from tests.integration.store.rows import TENANT, accepted, claim, claimed, completed, kinds, row, settle


def _renew(database: Database, owner: str, *ids: str) -> None:
    with database.write() as connection:
        leases.renew(connection, owner, ids, 60)


def _expire_overdue(database: Database, limit: int = 500) -> list[str]:
    with database.write() as connection:
        return leases.expire_overdue(connection, limit)


def test_a_renewed_lease_outlives_its_first_end(database: Database, clock: StoreClock) -> None:
    kept, forgotten, other = (accepted(database) for _ in range(3))
    claim(database, kept, forgotten)
    claimed(database, other, owner="w2")
    clock.advance(50)
    _renew(database, "w1", kept, other)
    clock.advance(20)
    assert claim(database, kept, owner="w3") == [Refusal.LEASED]
    assert sorted(_expire_overdue(database)) == sorted([forgotten, other])


def test_a_renewal_cannot_revive_what_has_ended(database: Database) -> None:
    mine = claimed(database, accepted(database))
    settle(database, completed(mine))
    _renew(database, "w1", mine.task_id)
    assert row(database, mine.task_id).lease_until is None


def test_only_the_dead_owners_tasks_are_due_again(database: Database, clock: StoreClock) -> None:
    lost, other, ended = (accepted(database) for _ in range(3))
    claimed(database, lost)
    claimed(database, other, owner="w2")
    settle(database, completed(claimed(database, ended)))
    with database.write() as connection:
        assert leases.expire_owner(connection, "w1") == [lost]
    found = row(database, lost)
    assert (found.status, found.deaths, found.attempts, found.owner) == ("queued", 1, 0, None)
    assert found.publish_at <= clock.now()
    assert kinds(database, lost) == ["published", "claimed", "lease_expired"]
    assert (row(database, other).status, row(database, ended).status) == ("running", "completed")


def test_overdue_leases_expire_and_living_ones_do_not(database: Database, clock: StoreClock) -> None:
    old = accepted(database)
    claimed(database, old)
    clock.advance(61)
    young = accepted(database)
    claimed(database, young)
    assert _expire_overdue(database) == [old]
    assert _expire_overdue(database) == []
    assert (row(database, old).deaths, row(database, young).status) == (1, "running")


def test_overdue_leases_expire_in_bounded_batches(database: Database, clock: StoreClock) -> None:
    ids = [accepted(database) for _ in range(5)]
    claim(database, *ids)
    clock.advance(61)
    batches = [_expire_overdue(database, limit=2) for _ in range(4)]
    assert [len(batch) for batch in batches] == [2, 2, 1, 0]
    assert sorted(sum(batches, [])) == sorted(ids)


def test_an_owner_whose_lease_expired_has_lost_its_fence(database: Database, clock: StoreClock) -> None:
    mine = claimed(database, accepted(database))
    clock.advance(61)
    _expire_overdue(database)
    assert settle(database, completed(mine)) == [False]
    assert row(database, mine.task_id).status == "queued"


def test_the_store_tells_an_owner_what_it_holds_and_what_shall_stop(database: Database) -> None:
    one, two, foreign, ended = (accepted(database) for _ in range(4))
    claim(database, one, two)
    claimed(database, foreign, owner="w2")
    settle(database, completed(claimed(database, ended)))
    with database.write() as connection:
        commands.cancel(connection, TENANT, two)
    with database.read() as connection:
        held = leases.held_by(connection, "w1")
    assert held == leases.Held({one: 1, two: 1}, frozenset({two}))


def test_a_renewal_waits_for_no_row_that_is_just_ending(postgres_store: Database) -> None:
    database = emptied(postgres_store)
    ending, working = (claimed(database, accepted(database), lease_s=1) for _ in range(2))
    before = row(database, working.task_id).lease_until
    with database.write() as writing, database.write() as renewing:
        writing.execute(select(tasks.c.id).where(tasks.c.id == ending.task_id).with_for_update())
        renewing.exec_driver_sql("SET LOCAL lock_timeout = '2s'")  # waiting is an error here, not a test that hangs
        leases.renew(renewing, "w1", [ending.task_id, working.task_id], 60)
    assert row(database, working.task_id).lease_until > before
    assert row(database, ending.task_id).lease_until < row(database, working.task_id).lease_until
