"""What must leave the house, on both databases: filled with the task's own writes, taken once, tried on time."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.database import Database
from shared.notifications import outbox
from shared.notifications.outbox import Channel, Destination, Due, Kind, Lane, Notice, State
from shared.notifications.slots import Slots
from shared.tasks.settling import NotCompleted
from shared.tasks.states import TaskStatus, TimelineKind
from tests.integration.store.alerting import (
    BROKER,
    CALLBACKS,
    PAUSES,
    QUEUE,
    attempts,
    notices,
    report,
    take,
    told,
)
from tests.integration.store.clock import StoreClock
from tests.integration.store.rows import (
    accepted,
    adopt,
    claimed,
    completed,
    failed,
    foreign_task,
    kinds,
    retrying,
    settle,
)


def cancelled(claim: Any) -> NotCompleted:
    return NotCompleted(claim.task_id, claim.fence, TaskStatus.CANCELLED, line=TimelineKind.CANCELLED)


def put(database: Database, *kinds: Kind, channel: Channel = Channel.CALLBACK, target: str = "his") -> str:
    """A task with one notification of each kind; its id."""
    task_id = accepted(database)
    target = QUEUE if channel is Channel.BROKER else target
    made = [Notice(task_id, "eco", kind, channel, target, {"event": "eco"}) for kind in kinds]
    with database.write() as connection:
        outbox.add(connection, made, outbox.now())
    return task_id


def one(database: Database, **kinds: Any) -> Due:
    put(database, Kind.COMPLETED, **kinds)
    (due,) = take(database, BROKER if kinds else CALLBACKS)
    return due


# --- filling ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "kind", "detail"),
    [
        (lambda claim: completed(claim), "completed", {"status": "completed", "degraded": False}),
        (lambda claim: completed(claim, degraded=True, error={"code": "x"}), "completed", {"degraded": True}),
        (failed, "failed", {"status": "failed", "error": "rules_failed"}),
    ],
)
def test_an_end_is_told_to_whoever_asked(database: Database, end: Any, kind: str, detail: dict[str, Any]) -> None:
    (task_id,) = adopt(database, foreign_task("f1"))
    claim = claimed(database, task_id)
    assert [settle(database, end(claim)) for _ in range(2)] == [[True], [False]]
    (notice,) = notices(database, task_id)
    assert (notice.kind, notice.channel, notice.target) == (kind, "callback", "callback-1")
    assert notice.data.items() >= (detail | {"task_id": task_id, "run": 1}).items()
    assert "sem idade" not in str(notice.data), "a reason may be long; its code is enough"


def test_results_go_to_the_broker_where_the_domain_wants_it(database: Database) -> None:
    wanted, unwanted = claimed(database, accepted(database)), claimed(database, accepted(database))
    settle(database, completed(wanted, publish_to=QUEUE), completed(unwanted))
    assert told(database, wanted.task_id) == [("completed", QUEUE, "pending")]
    assert told(database, unwanted.task_id) == []


@pytest.mark.parametrize("end", [cancelled, lambda claim: retrying(claim, claim.created_at)])
def test_what_is_no_end_is_not_told(database: Database, end: Any) -> None:
    (task_id,) = adopt(database, foreign_task("f1"))
    assert settle(database, end(claimed(database, task_id))) == [True]
    assert told(database, task_id) == []


def test_an_end_without_its_fence_is_not_told(database: Database) -> None:
    (task_id,) = adopt(database, foreign_task("f1"))
    stale = claimed(database, task_id, lease_s=-1)
    claimed(database, task_id, owner="w2")
    assert settle(database, completed(stale, publish_to=QUEUE)) == [False]
    assert told(database, task_id) == []


# --- taking -------------------------------------------------------------------------------------------------


def test_alerts_come_first_and_lanes_do_not_mix(database: Database, clock: StoreClock) -> None:
    put(database, Kind.COMPLETED, Kind.FAILED)
    clock.advance(1)
    put(database, Kind.ALERT)
    put(database, Kind.ALERT, channel=Channel.BROKER)
    assert [due.kind for due in take(database, limit=1)] == [Kind.ALERT]
    assert take(database, Lane(Channel.CALLBACK, (Kind.ALERT,))) == []
    assert {due.kind for due in take(database, Lane(Channel.CALLBACK, (Kind.COMPLETED, Kind.FAILED)))} == {
        Kind.COMPLETED,
        Kind.FAILED,
    }
    assert [due.channel for due in take(database, BROKER)] == [Channel.BROKER]


def test_what_is_taken_is_held_and_comes_back_when_its_taker_dies(database: Database, clock: StoreClock) -> None:
    first = one(database)
    assert take(database) == []
    clock.advance(21)
    (again,) = take(database)
    assert (again.id, again.attempts) == (first.id, 0)


def test_nothing_is_taken_for_a_vhost_out_of_reach_or_without_a_slot(database: Database) -> None:
    put(database, Kind.COMPLETED)
    assert take(database, limit=0) == []
    with database.write() as connection:
        assert outbox.take_due(connection, CALLBACKS, [], Slots(10), 1.0) == []
        assert outbox.take_due(connection, CALLBACKS, ["outro"], Slots(10), 1.0) == []


def test_a_receiver_with_a_crowd_leaves_slots_for_those_who_come_after(database: Database, clock: StoreClock) -> None:
    for _ in range(6):
        put(database, Kind.ANSWER, Kind.COMPLETED, target="morto")
    for target in ("lento", "lento", "his"):
        clock.advance(1)
        put(database, Kind.COMPLETED, target=target)
    with database.write() as connection:
        first = outbox.take_due(connection, CALLBACKS, ["eco"], Slots(8), 20.0)
        slots = Slots(8 - len(first), Counter(due.target for due in first))
        second = outbox.take_due(connection, CALLBACKS, ["eco"], slots, 20.0)
    assert Counter(due.target for due in first) == {"morto": 4, "lento": 2, "his": 1}
    assert {due.kind for due in first if due.target == "morto"} == {Kind.ANSWER}, "alerts and answers first"
    assert second == [], "the last slot waits for somebody else"


def test_many_deliverers_take_each_once(database: Database) -> None:
    for _ in range(20):
        put(database, Kind.COMPLETED, Kind.ALERT)
    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(lambda _: take(database, limit=7), range(24)))
    ids = [due.id for batch in batches for due in batch]
    assert len(ids) == len(set(ids)) == 40


# --- trying -------------------------------------------------------------------------------------------------


def test_a_delivery_ends_its_row_and_is_on_the_timeline(database: Database) -> None:
    due = one(database)
    assert report(database, due, status=204) is State.DELIVERED
    assert report(database, due, error="timeout") is None, "another deliverer's late word changes nothing"
    assert told(database, due.task_id) == [("completed", "his", "delivered")]
    assert attempts(database, due) == [(204, None), (None, "timeout")]
    assert kinds(database, due.task_id)[-1] == "delivered"


def test_failures_are_tried_again_on_the_schedule_and_then_given_up(database: Database, clock: StoreClock) -> None:
    due = one(database)
    for number, pause in enumerate(PAUSES, 1):
        assert report(database, due, error="http_500", status=500) is State.PENDING
        clock.advance(pause - 1)
        assert take(database) == []
        clock.advance(pause * 0.1 + 1)
        (due,) = take(database)
        assert due.attempts == number
    assert report(database, due, error="http_500", status=500) is State.UNDELIVERABLE
    clock.advance(1_000_000)
    assert take(database) == []
    assert kinds(database, due.task_id)[-1] == "undeliverable"
    assert attempts(database, due) == [(500, "http_500")] * 3


def test_our_own_broker_is_waited_for_for_ever(database: Database, clock: StoreClock) -> None:
    due = one(database, channel=Channel.BROKER)
    for _ in range(9):
        assert report(database, due, error="Unroutable") is State.PENDING
        clock.advance(400)
        (due,) = take(database, BROKER)


def test_an_address_that_is_gone_is_remembered_and_no_other_of_its_receiver(database: Database) -> None:
    due = one(database)
    gone = Destination("his", "http://h/1")
    for _ in range(2):
        report(database, due, error="http_410", status=410, final=True, gone=gone)
    assert told(database, due.task_id) == [("completed", "his", "undeliverable")]
    others = [Destination("outro", "http://h/1"), Destination("his", "http://h/2"), Destination("his", "http://h/")]
    with database.read() as connection:
        assert outbox.disabled(connection, [gone, *others]) == {gone}
