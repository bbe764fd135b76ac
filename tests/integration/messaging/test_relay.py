"""Relay, housekeeping and keeper over a real store and a real broker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import select, update

from dev.rabbitmq_node import RabbitNode
from handlers.configured import configured_domains
from shared import clock
from shared.database import Database
from shared.errors import DeadlineExceeded, LeaseLost, TaskCancelled
from shared.messaging import messages
from shared.messaging.messages import OwnMessage
from shared.messaging.topology import EVENTS_QUEUE, REJECTED_QUEUE
from shared.settings import Settings, load_settings
from shared.tasks import commands, fleet, rejected
from shared.tasks.fleet import Heartbeat
from shared.tasks.rejected import Rejection
from shared.tasks.schema import idempotency_keys, tasks
from tests.integration.store.executing import BLIND
from tests.integration.store.rows import TENANT, accept, accepted, claimed, completed, new_task, row, settle
from tests.platform import eventually
from tests.unit.workers.runs import Answers
from workers.attempt import DomainWork
from workers.execution import Execution
from workers.housekeeping import Housekeeping
from workers.keeper import Keeper
from workers.relay import Relay
from workers.run_handle import RunHandle
from workers.writes import Writes

WAIT_S = 120


@pytest.fixture
def config(rabbit: RabbitNode, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DOMAIN_PACKAGES", '["tests.fixtures.domains"]')
    monkeypatch.setenv("RABBITMQ_URL", rabbit.url("worker"))
    monkeypatch.setenv("RELAY_INTERVAL_S", "0.05")
    monkeypatch.setenv("WORKER_HEARTBEAT_S", "0.2")
    monkeypatch.setenv("WORKER_LEASE_S", "4")
    return load_settings()


@asynccontextmanager
async def relay(config: Settings, database: Database) -> AsyncIterator[None]:
    stop = asyncio.Event()
    made = Relay(config, database, configured_domains(config.domains))
    running = asyncio.create_task(made.run(stop))
    yield
    stop.set()
    await asyncio.wait_for(running, WAIT_S)
    await made.close()


async def until(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(eventually, condition, "what the test waits for", WAIT_S)


def taken(channel: BlockingChannel, queue: str = EVENTS_QUEUE) -> list[tuple[Any, bytes]]:
    found = []
    while (message := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append((message[1], message[2]))
    return found


async def test_due_rows_are_published_and_marked(
    config: Settings, database: Database, channel: BlockingChannel
) -> None:
    due, later = accepted(database, due_in_s=-1), accepted(database, due_in_s=600)
    async with relay(config, database):
        await until(lambda: row(database, due).status == "queued")
    ((properties, body),) = taken(channel)
    assert messages.decode(body, None) == OwnMessage(due, "eco")
    assert (properties.message_id, properties.headers["ce-type"]) == (due, "plantao.eco.eco")
    assert row(database, later).status == "pending"


async def test_a_row_without_a_queue_stays_due(config: Settings, database: Database, channel: BlockingChannel) -> None:
    channel.queue_delete(EVENTS_QUEUE)
    task_id = accepted(database, due_in_s=-1)
    before = row(database, task_id).publish_at
    async with relay(config, database):
        await until(lambda: row(database, task_id).publish_at > before)
    channel.queue_declare(EVENTS_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    found = row(database, task_id)
    assert (found.status, found.publications) == ("pending", 0)


async def test_rejected_messages_are_copied_once_with_their_reason(
    config: Settings, database: Database, channel: BlockingChannel
) -> None:
    kept = Rejection("r1", "eco", "testes_eco", "not_json", "", b"\x00 raw", None)
    with database.write() as connection:
        rejected.keep(connection, [kept, replace(kept, id="r2", domain="sumiu")])

    def copied() -> bool:
        with database.read() as connection:
            return [item.id for item in rejected.not_copied(connection, ["eco", "sumiu"])] == ["r2"]

    async with relay(config, database):
        await until(copied)
    ((properties, body),) = taken(channel, REJECTED_QUEUE)
    assert (body, properties.message_id, properties.headers["x-motivo"]) == (b"\x00 raw", "r1", "not_json")


async def test_a_store_that_is_away_does_not_stop_the_relay(config: Settings, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'without tables.db'}")
    stop = asyncio.Event()
    made = Relay(config, database, configured_domains(config.domains))
    running = asyncio.create_task(made.run(stop))
    housekeeping = asyncio.create_task(Housekeeping(config, database).run(stop))
    await asyncio.wait_for(made.publishers["eco"].ready.wait(), WAIT_S)
    await asyncio.sleep(0)
    assert not running.done() and not housekeeping.done()
    stop.set()
    await asyncio.wait_for(asyncio.gather(running, housekeeping), WAIT_S)
    await made.close()


async def test_housekeeping_expires_leases_and_forgets_what_is_old(config: Settings, database: Database) -> None:
    task_id = accepted(database)
    claimed(database, task_id, lease_s=-1)
    accept(database, new_task("old"), new_task("young"))
    with database.write() as connection:
        old = clock.now() - timedelta(hours=config.api.idempotency_hours + 1)
        connection.execute(update(idempotency_keys).where(idempotency_keys.c.key == "old").values(created_at=old))
    stop = asyncio.Event()
    running = asyncio.create_task(Housekeeping(config, database).run(stop))

    def tidy() -> bool:
        with database.read() as connection:
            keys = list(connection.execute(select(idempotency_keys.c.key)).scalars())
        return keys == ["young"] and row(database, task_id).status == "queued"

    await until(tidy)
    stop.set()
    await asyncio.wait_for(running, WAIT_S)
    assert row(database, task_id).deaths == 1


# --- keeper -----------------------------------------------------------------------------------------------


class Kept:
    """A consumer process's execution and keeper, without its engine."""

    def __init__(self, config: Settings, database: Database, supervisor_pid: int | None = None) -> None:
        self.database = database
        self.config = config
        self.stops: list[str] = []
        self.state = "ready"
        self.commits = Writes(database)
        self.execution = Execution(DomainWork.load(config.domains, "eco"), "w1", self.commits, config.worker, BLIND)
        self.keeper = Keeper(
            database,
            self.execution,
            "w1",
            supervisor_pid or os.getppid(),
            config.worker,
            self._heartbeat,
            lambda: self.stops.append("orphaned"),
        )

    def _heartbeat(self) -> Heartbeat:
        running = list(self.execution.running)
        return Heartbeat(
            "w1", "consumer", "pika", "h", 1, "0.1", self.state, clock.now(), domain="eco", running=running
        )

    def work_on(self, task_id: str, deadline_s: float = 600) -> tuple[RunHandle, Answers]:
        """An attempt that this process believes it runs."""
        answers = Answers()
        held = claimed(self.database, task_id, owner="w1", lease_s=self.config.worker.worker_lease_s)
        run = RunHandle(task_id, held.fence, 1, deadline_s, self.commits, answers.delivery(b""))
        self.execution.running[task_id] = run
        return run, answers

    def alive(self) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            return fleet.alive(connection, 60)

    def close(self) -> None:
        self.keeper.close()
        self.commits.close()


@pytest.fixture
def kept(config: Settings, database: Database) -> Iterator[Kept]:
    made = Kept(config, database)
    yield made
    made.close()


def test_a_lease_is_renewed_while_its_task_runs(kept: Kept, database: Database) -> None:
    task_id = accepted(database)
    kept.work_on(task_id)
    first = row(database, task_id).lease_until
    eventually(lambda: row(database, task_id).lease_until > first, "the lease is renewed", WAIT_S)
    assert kept.stops == []


def test_cancellation_loss_and_deadline_reach_the_attempt(kept: Kept, database: Database) -> None:
    cancelled, stolen, late, fine = (accepted(database) for _ in range(4))
    runs = {task_id: kept.work_on(task_id)[0] for task_id in (cancelled, stolen, fine)}
    runs[late], _ = kept.work_on(late, deadline_s=-1)
    with database.write() as connection:
        commands.cancel(connection, TENANT, cancelled)
        connection.execute(update(tasks).where(tasks.c.id == stolen).values(fence=9, owner="w2"))
    for task_id, kind in ((cancelled, TaskCancelled), (stolen, LeaseLost), (late, DeadlineExceeded)):
        eventually(lambda task_id=task_id: runs[task_id].interruption is not None, f"{kind.__name__}", WAIT_S)
        assert isinstance(runs[task_id].interruption, kind)
    assert runs[fine].interruption is None


def test_a_very_long_attempt_lets_go_of_its_message(
    config: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = config.worker.model_copy(update={"worker_ack_after_s": 0.01})
    made = Kept(config.model_copy(update={"worker": worker}), database)
    run, answers = made.work_on(accepted(database))
    eventually(lambda: answers == [True], "the message is acknowledged", WAIT_S)
    assert run.interruption is None
    made.close()
    assert answers == [True]


def test_heartbeats_tell_what_runs_and_the_last_one_the_end(kept: Kept, database: Database) -> None:
    task_id = accepted(database)
    kept.work_on(task_id)
    eventually(lambda: [one["running"] for one in kept.alive()] == [[task_id]], "a heartbeat with the task", WAIT_S)
    kept.state = "draining"
    kept.keeper.beat_soon()
    eventually(lambda: kept.alive()[0]["state"] == "draining", "the new state", WAIT_S)
    settle(database, completed(claimed(database, accepted(database))))
    kept.execution.running.clear()
    kept.state = "stopped"
    kept.keeper.close()
    assert [(one["state"], one["running"]) for one in kept.alive()] == [("stopped", [])]


def test_a_supervisor_that_died_before_its_child_looked_is_missed_once(config: Settings, database: Database) -> None:
    made = Kept(config, database, supervisor_pid=os.getpid())  # not our parent, as after the death of who forked us
    eventually(lambda: made.stops and made.alive(), "the consumer is told to stop, and goes on beating", WAIT_S)
    first = made.alive()[0]["heartbeat_at"]
    eventually(lambda: made.alive()[0]["heartbeat_at"] > first, "another look", WAIT_S)
    made.close()
    assert made.stops == ["orphaned"]


def test_a_store_that_is_away_does_not_stop_the_keeper(config: Settings, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'without tables.db'}")
    made = Kept(config, database)
    run = RunHandle("t1", 1, 1, -1, made.commits, Answers().delivery(b""))
    made.execution.running["t1"] = run
    eventually(lambda: run.interruption is not None, "the deadline still holds", WAIT_S)
    made.close()
