"""Heartbeats of the processes."""

from __future__ import annotations

from dataclasses import replace

from shared import clock as real_clock
from shared.database import Database
from shared.tasks import fleet
from shared.tasks.fleet import Heartbeat
from tests.integration.store.clock import StoreClock


def _heartbeat(name: str) -> Heartbeat:
    return Heartbeat(name, "consumer", "pika", "host", 42, "0.1", "ready", real_clock.now(), domain="eco")


def _beat(database: Database, heartbeat: Heartbeat) -> None:
    with database.write() as connection:
        fleet.beat(connection, heartbeat)


def _alive(database: Database, within_s: float = 10) -> list[str]:
    with database.read() as connection:
        return [row["id"] for row in fleet.alive(connection, within_s)]


def test_a_later_heartbeat_replaces_the_earlier_one(database: Database) -> None:
    first = _heartbeat("w1")
    _beat(database, first)
    _beat(database, replace(first, state="draining", running=["t1", "t2"], restarts=3))
    with database.read() as connection:
        (found,) = fleet.alive(connection, 10)
    assert (found["state"], found["running"], found["restarts"]) == ("draining", ["t1", "t2"], 3)
    assert found["started_at"] == first.started_at


def test_the_silent_are_not_alive_and_are_forgotten_in_time(database: Database, clock: StoreClock) -> None:
    silent, talking = _heartbeat("silent"), _heartbeat("talking")
    _beat(database, silent)
    _beat(database, talking)
    assert _alive(database) == ["silent", "talking"]
    clock.advance(11)
    _beat(database, talking)
    assert _alive(database) == ["talking"]
    assert _alive(database, within_s=60) == ["silent", "talking"]
    with database.write() as connection:
        assert fleet.forget_silent(connection, 10) == 1
    assert _alive(database, within_s=60) == ["talking"]
