"""An alert's life on both databases: raised once with its findings, called out on time, taken by one person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.database import Database
from shared.errors import Conflict, NotFound
from shared.tasks import alerts as alerting
from shared.tasks import commands, finding
from shared.tasks.alerts import AlertState, Escalation
from tests.integration.store.alerting import (
    CHAIN,
    QUEUE,
    acknowledge,
    alert,
    alert_rows,
    call_due,
    findings,
    notices,
    report,
    save,
    take,
    told,
)
from tests.integration.store.clock import StoreClock
from tests.integration.store.rows import (
    TENANT,
    accepted,
    adopt,
    claimed,
    completed,
    foreign_task,
    kinds,
    row,
    settle,
)


def raised(database: Database, publish_to: str | None = None) -> str:
    """A running task with one open alert."""
    mine = claimed(database, accepted(database))
    assert save(database, findings(mine, alert(), publish_to=publish_to)) == [True]
    return mine.task_id


def due_at(database: Database, task_id: str) -> float:
    """Seconds from raising to the next call."""
    (found,) = alert_rows(database, task_id)
    return round((found.next_at - found.raised_at).total_seconds())


# --- raising ------------------------------------------------------------------------------------------------


def test_an_alert_is_kept_in_the_transaction_of_its_findings(database: Database) -> None:
    mine = claimed(database, accepted(database))
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        finding.save_findings(connection, [findings(mine, alert(), publish_to=QUEUE)])
        raise ZeroDivisionError
    assert (alert_rows(database, mine.task_id), notices(database, mine.task_id)) == ([], [])
    assert save(database, findings(mine, alert(), alert(2), publish_to=QUEUE)) == [True]
    assert [(one.id, one.state, one.level, one.event) for one in alert_rows(database, mine.task_id)] == [
        ("A1", "raised", 0, "eco"),
        ("A2", "raised", 0, "eco"),
    ]
    assert told(database, mine.task_id) == [("alert", QUEUE, "pending")] * 2
    assert kinds(database, mine.task_id)[-3:] == ["findings", "alert", "alert"]


def test_a_second_attempt_raises_nothing_again(database: Database) -> None:
    task_id = accepted(database)
    first = claimed(database, task_id, lease_s=-1)
    save(database, findings(first, alert(), publish_to=QUEUE))
    second = claimed(database, task_id, owner="w2")
    assert save(database, findings(second, alert(), publish_to=QUEUE)) == [True]
    assert save(database, findings(first, alert(3), publish_to=QUEUE)) == [False]
    assert (len(alert_rows(database, task_id)), len(notices(database, task_id))) == (1, 1)


def test_a_replay_raises_only_what_is_new(database: Database) -> None:
    task_id = accepted(database)
    first = claimed(database, task_id)
    save(database, findings(first, alert()))
    acknowledge(database, task_id)
    settle(database, completed(first))
    with database.write() as connection:
        commands.replay(connection, TENANT, task_id, first.created_at)
    again = claimed(database, task_id)
    save(database, findings(again, alert(), alert(2, "sodio_critico")))
    assert [(one.id, one.run, one.state) for one in alert_rows(database, task_id)] == [
        ("A1", 1, "acknowledged"),
        ("A2-r2", 2, "raised"),
    ]
    assert kinds(database, task_id).count("alert") == 2


def test_a_text_that_no_column_holds_costs_no_alert(database: Database) -> None:
    mine = claimed(database, accepted(database))
    assert save(database, findings(mine, alert(descricao="a\x00b"))) == [True]
    assert alert_rows(database, mine.task_id)[0].descricao == "ab"


def test_a_notification_holds_codes_and_links_only(database: Database) -> None:
    (task_id,) = adopt(database, foreign_task("f1"))
    mine = claimed(database, task_id)
    save(database, findings(mine, alert()))
    (told_back,) = notices(database, task_id)
    assert (told_back.channel, told_back.target, told_back.level) == ("callback", "callback-1", None)
    assert told_back.data == {
        "task_id": task_id,
        "domain": "eco",
        "event": "eco",
        "run": 1,
        "status_url": f"/api/tasks/{task_id}",
        "alert": {"id": "A1", "codigo": "potassio_critico", "gravidade": "critico"},
        "ack_url": f"/api/tasks/{task_id}/alerts/A1/ack",
    }


# --- calling ------------------------------------------------------------------------------------------------


def test_contacts_are_called_one_after_the_other_at_their_times(database: Database, clock: StoreClock) -> None:
    task_id = raised(database)
    version = row(database, task_id).version
    assert (call_due(database), call_due(database)) == (1, 0)
    assert due_at(database, task_id) == 300
    assert row(database, task_id).version == version + 1, "whoever waits for the task sees the call"
    clock.advance(301)
    assert call_due(database) == 1
    assert due_at(database, task_id) == 900, "from the moment of raising, however late the call was made"
    for _ in range(3):
        clock.advance(601)
        assert call_due(database) == 1
    assert [target for _, target, _ in told(database, task_id)] == [*CHAIN, CHAIN[-1], CHAIN[-1]]
    assert [one.level for one in notices(database, task_id)] == [1, 2, 3, 4, 5]
    assert kinds(database, task_id).count("escalated") == 4


def test_after_a_time_without_deliverers_everybody_has_time_to_answer(database: Database, clock: StoreClock) -> None:
    task_id = raised(database)
    call_due(database)
    clock.advance(86_400)
    assert (call_due(database), call_due(database)) == (1, 0)
    (found,) = alert_rows(database, task_id)
    assert found.next_at - clock.now() > timedelta(seconds=590)


def test_a_call_that_did_not_get_through_is_superseded(database: Database, clock: StoreClock) -> None:
    task_id = raised(database)
    only = Escalation(lambda _domain: ["plantonista"], [300.0], 1)
    call_due(database, only)
    clock.advance(301)
    call_due(database, only)
    assert told(database, task_id) == [("alert", "plantonista", "cancelled"), ("alert", "plantonista", "pending")]


def test_a_domain_without_contacts_calls_nobody(database: Database) -> None:
    task_id = raised(database)
    nobody = Escalation(lambda _domain: [], [300.0], 1)
    assert (call_due(database, nobody), call_due(database, nobody)) == (1, 0)
    assert (told(database, task_id), alert_rows(database, task_id)[0].state) == ([], "raised")


def test_a_host_leaves_the_alerts_of_domains_that_it_does_not_know_to_others(database: Database) -> None:
    task_id = raised(database)
    nobody = Escalation(lambda _domain: [], [300.0], 1)
    assert call_due(database, nobody, domain="outro") == 0
    assert call_due(database) == 1
    assert told(database, task_id) == [("alert", "plantonista", "pending")]


def test_two_deliverers_call_each_contact_once(database: Database) -> None:
    ids = [raised(database) for _ in range(12)]
    with ThreadPoolExecutor(4) as threads:
        calls = list(threads.map(lambda _: call_due(database, limit=5), range(8)))
    assert sum(calls) == len(ids)
    assert [told(database, task_id) for task_id in ids] == [[("alert", "plantonista", "pending")]] * len(ids)


# --- answering ----------------------------------------------------------------------------------------------


def test_acknowledging_stops_the_calls_and_is_idempotent(database: Database, clock: StoreClock) -> None:
    task_id = raised(database, QUEUE)
    call_due(database)
    first = acknowledge(database, task_id)
    assert (first.state, first.acknowledged_by, first.next_at) == ("acknowledged", "CRM-SP 1", None)
    assert acknowledge(database, task_id) == first
    with pytest.raises(Conflict):
        acknowledge(database, task_id, by="CRM-SP 2")
    with pytest.raises(NotFound):
        acknowledge(database, task_id, alert_id="A9")
    clock.advance(10_000)
    assert call_due(database) == 0
    assert told(database, task_id) == [("alert", QUEUE, "pending"), ("alert", "plantonista", "cancelled")]
    assert kinds(database, task_id).count("acknowledged") == 1


def test_another_tenants_alert_is_unknown(database: Database) -> None:
    task_id = raised(database)
    with pytest.raises(NotFound), database.write() as connection:
        alerting.acknowledge(connection, "outro", task_id, "A1", "CRM-SP 1", None)
    assert alert_rows(database, task_id)[0].state == "raised"


def test_of_two_people_one_takes_it(database: Database) -> None:
    task_id = raised(database)

    def try_it(person: int) -> bool:
        try:
            return bool(acknowledge(database, task_id, by=f"CRM-SP {person}"))
        except Conflict:
            return False

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(try_it, range(4))) == 1


def test_a_call_on_its_way_while_somebody_answers_stays_cancelled(database: Database) -> None:
    task_id = raised(database)
    call_due(database)
    (due,) = take(database)
    acknowledge(database, task_id)
    assert report(database, due, error="timeout") is None
    assert told(database, task_id) == [("alert", "plantonista", "cancelled")]


# --- reading ------------------------------------------------------------------------------------------------


def test_open_alerts_are_listed_oldest_first_by_page(database: Database, clock: StoreClock) -> None:
    ids = []
    for _ in range(5):
        ids.append(raised(database))
        clock.advance(1)
    acknowledge(database, ids[1])
    seen, after = [], None
    with database.read() as connection:
        while found := alerting.page(connection, TENANT, AlertState.RAISED, after, 2):
            seen += [one.task_id for one in found]
            after = (found[-1].raised_at, found[-1].task_id, found[-1].id)
        assert seen == [ids[0], *ids[2:]]
        taken = alerting.page(connection, TENANT, AlertState.ACKNOWLEDGED, None, 9)
        assert [one.task_id for one in taken] == [ids[1]]
        assert alerting.page(connection, TENANT, AlertState.RAISED, None, 9, domain="outro") == []
        assert alerting.page(connection, "outro", AlertState.RAISED, None, 9) == []
