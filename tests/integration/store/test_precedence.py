"""Who goes first: urgent work overtakes, and what follows an earlier task of the same patient waits for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import orjson
import pytest

from shared.database import Database
from shared.privacy.blind_index import Subject
from shared.tasks import commands, publishing
from shared.tasks.claiming import Claimed, Refusal
from shared.tasks.publishing import Due, Published
from tests.integration.store.clock import StoreClock
from tests.integration.store.executing import hint, process
from tests.integration.store.rows import (
    TENANT,
    accept,
    accepted,
    claim,
    claimed,
    completed,
    failed,
    kinds,
    new_task,
    retrying,
    row,
    settle,
)
from workers.execution import Execution

ANA = Subject(cpf="ana-cpf", cns="ana-cns", record="ana-record")
REBUILD_S = 900.0


def admission(database: Database, subject: Subject = ANA, **traits: Any) -> str:
    return accepted(database, event="internacao", subject=subject, **traits)


def discharge(database: Database, subject: Subject = ANA, **traits: Any) -> str:
    return accepted(database, event="alta", subject=subject, after=("internacao",), **traits)


def swept(database: Database) -> list[Due]:
    with database.write() as connection:
        return publishing.take_due(connection, ["eco"], 500, 20)


def confirm(database: Database, task_id: str, fence: int) -> None:
    with database.write() as connection:
        publishing.mark_published(connection, [Published(task_id, fence, REBUILD_S)])


def due_now(database: Database) -> set[str]:
    return {due.task_id for due in swept(database)}


# --- urgent work -------------------------------------------------------------------------------------------


def test_urgent_work_takes_the_place_of_what_came_first(database: Database) -> None:
    ordinary, urgent = accepted(database), accepted(database, urgent=True)
    (answer,) = claim(database, ordinary)
    assert isinstance(answer, Claimed) and answer.task_id == urgent
    assert kinds(database, urgent) == ["claimed", "overtook"]
    assert kinds(database, ordinary) == ["overtaken"]
    assert due_now(database) == {ordinary}


def test_the_message_of_what_overtook_is_refused_when_it_comes(database: Database) -> None:
    ordinary, urgent = accepted(database), accepted(database, urgent=True)
    (answer,) = claim(database, ordinary)
    assert claim(database, urgent) == [Refusal.LEASED]
    assert isinstance(answer, Claimed)
    settle(database, completed(answer))
    assert claim(database, urgent) == [Refusal.TERMINAL]
    assert claimed(database, ordinary).task_id == ordinary


def test_a_late_confirm_does_not_put_off_what_was_overtaken(database: Database) -> None:
    ordinary = accepted(database)
    accepted(database, urgent=True)
    claim(database, ordinary)
    confirm(database, ordinary, fence=0)
    assert due_now(database) == {ordinary}


def test_the_oldest_of_a_batch_keep_their_places(database: Database) -> None:
    ids = [accepted(database) for _ in range(3)]
    urgent = accepted(database, urgent=True)
    answers = claim(database, *reversed(ids))
    assert [a.task_id for a in answers if isinstance(a, Claimed)] == [urgent, ids[1], ids[0]]
    assert due_now(database) == {ids[2]}


def test_many_urgent_overtake_the_oldest_first(database: Database) -> None:
    ordinary = [accepted(database) for _ in range(2)]
    urgent = [accepted(database, urgent=True) for _ in range(3)]
    answers = claim(database, *ordinary)
    assert {a.task_id for a in answers if isinstance(a, Claimed)} == set(urgent[:2])


def test_urgent_work_does_not_overtake_urgent_work(database: Database) -> None:
    first, _second = accepted(database, urgent=True), accepted(database, urgent=True)
    assert claimed(database, first).task_id == first


@pytest.mark.parametrize("domain", ["exames", "opme"])
def test_urgent_work_overtakes_in_its_own_domain_only(database: Database, domain: str) -> None:
    ordinary = accepted(database)
    accepted(database, urgent=True, domain=domain)
    assert claimed(database, ordinary).task_id == ordinary


def test_a_back_off_is_not_cut_short_by_urgency(database: Database, clock: StoreClock) -> None:
    urgent = accepted(database, urgent=True)
    settle(database, retrying(claimed(database, urgent), clock.now() + timedelta(seconds=30)))
    ordinary, later = accepted(database), accepted(database)
    assert claimed(database, ordinary).task_id == ordinary
    clock.advance(31)
    assert claimed(database, later).task_id == urgent


def test_urgent_work_whose_message_is_in_the_batch_displaces_nobody(database: Database) -> None:
    ordinary, urgent = accepted(database), accepted(database, urgent=True)
    answers = claim(database, ordinary, urgent)
    assert [a.task_id for a in answers if isinstance(a, Claimed)] == [ordinary, urgent]


def test_a_doubled_message_of_what_was_overtaken_brings_one_claim(database: Database) -> None:
    ordinary, urgent = accepted(database), accepted(database, urgent=True)
    first, second = claim(database, ordinary, ordinary)
    assert isinstance(first, Claimed) and first.task_id == urgent and second is Refusal.LEASED


def test_the_death_of_what_overtook_costs_neither(database: Database, clock: StoreClock) -> None:
    ordinary, urgent = accepted(database), accepted(database, urgent=True)
    claim(database, ordinary)
    clock.advance(61)
    again = claimed(database, urgent, owner="w2")
    assert (again.task_id, again.deaths) == (urgent, 1)
    assert claimed(database, ordinary, owner="w2").task_id == ordinary


def test_of_many_workers_each_urgent_task_is_taken_once(database: Database) -> None:
    ordinary = [accepted(database) for _ in range(8)]
    urgent = [accepted(database, urgent=True) for _ in range(4)]
    started = threading.Barrier(len(ordinary))

    def one(number: int) -> list[str]:
        started.wait(60)
        return [a.task_id for a in claim(database, ordinary[number], owner=f"w{number}") if isinstance(a, Claimed)]

    with ThreadPoolExecutor(len(ordinary)) as pool:
        won = [name for future in [pool.submit(one, n) for n in range(8)] for name in future.result(60)]
    assert len(won) == len(set(won)) == 8
    assert set(urgent) <= set(won)
    assert due_now(database) == set(ordinary) - set(won)


def test_a_worker_does_the_urgent_task_and_acknowledges_the_message(database: Database, execution: Execution) -> None:
    ordinary, urgent = accepted(database), accepted(database, urgent=True)
    assert process(execution, hint(ordinary)) is True
    assert (row(database, urgent).status, row(database, ordinary).status) == ("completed", "pending")
    assert process(execution, hint(ordinary)) is True
    assert row(database, ordinary).status == "completed"


# --- the order of one patient ------------------------------------------------------------------------------


def test_a_discharge_waits_until_its_admission_has_ended(database: Database) -> None:
    before, after = admission(database), discharge(database)
    assert claim(database, after) == [Refusal.WAITS_FOR_EARLIER]
    running = claimed(database, before)
    assert claim(database, after) == [Refusal.WAITS_FOR_EARLIER]
    settle(database, completed(running))
    assert claimed(database, after).task_id == after
    assert kinds(database, after) == ["waiting", "published", "claimed"]


@pytest.mark.parametrize("end", [completed, failed])
def test_it_is_published_again_with_the_first_sweep_after_that(database: Database, end: Any) -> None:
    before, after = admission(database), discharge(database)
    running = claimed(database, before)
    claim(database, after)
    confirm(database, after, fence=0)  # late: of the message just refused
    assert due_now(database) == set()
    settle(database, end(running))
    assert due_now(database) == {after}
    confirm(database, after, row(database, after).fence)
    assert due_now(database) == set()


def test_cancelling_the_admission_lets_the_discharge_go(database: Database) -> None:
    before, after = admission(database), discharge(database)
    claim(database, after)
    with database.write() as connection:
        commands.cancel(connection, TENANT, before)
    assert due_now(database) == {after}


def test_it_is_looked_at_again_even_if_nobody_says_that_it_may_go(database: Database, clock: StoreClock) -> None:
    admission(database)
    after = discharge(database)
    claim(database, after)
    clock.advance(14 * 60)
    assert after not in due_now(database)
    clock.advance(2 * 60)
    assert after in due_now(database)


@pytest.mark.parametrize(
    ("theirs", "waits"),
    [
        (Subject(cpf="ana-cpf"), True),
        (Subject(cns="ana-cns"), True),
        (Subject(cpf="outro-cpf", record="ana-record"), True),
        (Subject(cpf="outro-cpf", cns="outro-cns", record="outro-record"), False),
        (Subject(cpf="ana-cns", cns="ana-record", record="ana-cpf"), False),
        (Subject(), False),
    ],
)
def test_one_shared_identifier_is_enough_and_of_the_same_kind(database: Database, theirs: Subject, waits: bool) -> None:
    admission(database, theirs)
    after = discharge(database)
    (answer,) = claim(database, after)
    assert (answer is Refusal.WAITS_FOR_EARLIER) is waits


def test_only_the_named_events_of_the_same_domain_hold_it_back(database: Database) -> None:
    accepted(database, event="consulta", subject=ANA)
    admission(database, domain="opme")
    discharge(database)
    assert isinstance(claim(database, discharge(database))[0], Claimed)


def test_nobody_waits_for_what_was_accepted_later(database: Database) -> None:
    after, before = discharge(database), admission(database)
    assert claimed(database, after).task_id == after
    assert claimed(database, before).task_id == before


@pytest.mark.parametrize("text", ["x", "\x00"])
def test_the_order_is_the_stores_and_not_that_of_the_hosts_clocks(database: Database, text: str) -> None:
    """The host that took the admission is a minute fast, the one that took the discharge right."""
    fast, right = new_task(event="internacao", subject=ANA), new_task(event="alta", subject=ANA, after=("internacao",))
    fast.payload = right.payload = orjson.dumps({"texto": text}).decode()
    if database.is_postgresql:  # SQLite has one host
        fast.created_at += timedelta(minutes=1)
    accept(database, fast)
    accept(database, right)
    assert claim(database, right.id) == [Refusal.WAITS_FOR_EARLIER]


def test_of_two_admissions_it_waits_for_both(database: Database) -> None:
    first, second = admission(database), admission(database)
    after = discharge(database)
    for earlier in (second, first):
        claim(database, after)
        assert row(database, after).waits_for == earlier
        settle(database, completed(claimed(database, earlier)))
        assert due_now(database) == {after}
    assert claimed(database, after).task_id == after


def test_a_replayed_admission_holds_back_what_has_not_begun(database: Database, clock: StoreClock) -> None:
    before, after = admission(database), discharge(database)
    settle(database, completed(claimed(database, before)))
    with database.write() as connection:
        commands.replay(connection, TENANT, before, clock.now())
    assert claim(database, after) == [Refusal.WAITS_FOR_EARLIER]


def test_an_admission_and_its_discharge_in_one_batch_are_not_claimed_together(database: Database) -> None:
    before, after = admission(database), discharge(database)
    first, second = claim(database, after, before)
    assert first is Refusal.WAITS_FOR_EARLIER
    assert isinstance(second, Claimed) and second.task_id == before


def test_an_urgent_admission_overtakes_and_its_discharge_still_waits(database: Database) -> None:
    ordinary = accepted(database)
    before = admission(database, urgent=True)
    after = discharge(database, urgent=True)
    assert [a.task_id for a in claim(database, ordinary) if isinstance(a, Claimed)] == [before]
    assert claimed(database, ordinary).task_id == ordinary
    assert claim(database, after) == [Refusal.WAITS_FOR_EARLIER]


def test_a_task_that_was_running_when_its_worker_died_goes_on(database: Database, clock: StoreClock) -> None:
    before, after = admission(database), discharge(database)
    settle(database, completed(claimed(database, before)))
    claimed(database, after)
    with database.write() as connection:
        commands.replay(connection, TENANT, before, clock.now())
    clock.advance(61)
    assert claimed(database, after, owner="w2").deaths == 1


def test_waiting_repeats_no_line(database: Database) -> None:
    admission(database)
    after = discharge(database)
    for _ in range(3):
        claim(database, after)
    assert kinds(database, after) == ["waiting"]
