"""A full queue → no-op handler → result row, one process, against Dramatiq writing the same row."""

from __future__ import annotations

import subprocess
import sys

import pika
from uuid_utils import uuid7

from bench.report import Line
from bench.rig import ROOT, VHOST, Rig, until
from shared import clock
from shared.database import Database
from shared.messaging import messages
from shared.messaging.topology import EVENTS_QUEUE
from shared.tasks import acceptance, publishing
from shared.tasks.acceptance import NewTask
from shared.tasks.publishing import Published

COUNT = 6000
REBUILD_AFTER_S = 900.0
# Each side at the number of threads that suits it best; more made either of them slower when this was written.
THEIR_THREADS = (8, 16, 32)
OUR_THREADS = (64, 128)


def measure(rig: Rig) -> list[Line]:
    """Rates from the first to the last row's own timestamp, so that start-up does not count."""
    theirs = {threads: _dramatiq(rig, threads) for threads in THEIR_THREADS}
    lines = []
    for engine in ("pika", "dramatiq"):
        ours = {threads: _ours(rig, engine, threads) for threads in OUR_THREADS}
        detail = f"{_best(ours)} of {_best(theirs)}"
        ratio = max(ours.values()) / max(theirs.values())
        lines.append(Line(f"drain, {engine} engine ÷ Dramatiq", detail, ratio, 1.2, at_least=True))
    return lines


def _best(rates: dict[int, float]) -> str:
    threads, rate = max(rates.items(), key=lambda item: item[1])
    return f"{rate:.0f}/s ({threads} threads)"


def _dramatiq(rig: Rig, threads: int) -> float:
    rig.query("DROP TABLE IF EXISTS bench_results")
    rig.query("CREATE TABLE bench_results (task_id text PRIMARY KEY, result json, created_at timestamptz)")
    environment = rig.environment("admin", RABBITMQ_URL=rig.rabbit.url("admin", VHOST))
    environment["BENCH_DSN"] = rig.database_url.replace("+psycopg", "")
    for action in ("fill", "work"):
        command = [sys.executable, "-m", "bench.dramatiq_drain", action, str(COUNT), str(threads)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return _rate(rig, "SELECT extract(epoch FROM max(created_at) - min(created_at)) FROM bench_results")


def _ours(rig: Rig, engine: str, threads: int) -> float:
    rig.empty()
    _fill(rig)
    done = "SELECT count(*) FROM tasks WHERE status = 'completed'"
    command = (f"workers.{engine}_worker", "--no-relay", "--concurrency", str(threads))
    with rig.process(f"drain-{engine}", *command):
        until(lambda: rig.query(done)[0][0] >= COUNT, f"{engine} drains the queue")
    return _rate(rig, "SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM tasks")


def _fill(rig: Rig) -> None:
    """Rows as the API accepts them, then their messages, which the broker has confirmed: as a full queue is found."""
    moment = clock.now()
    tasks = [
        NewTask(
            id=str(uuid7()),
            tenant="default",
            client="bench",
            domain="vazio",
            event="vazio",
            payload='{"texto":"olá"}',
            created_at=moment,
            publish_at=moment,
        )
        for _ in range(COUNT)
    ]
    database = Database(rig.database_url)
    with database.write() as connection:
        acceptance.accept(connection, tasks)
    with pika.BlockingConnection(pika.URLParameters(rig.rabbit.url("admin", VHOST))) as connection:
        channel = connection.channel()
        for task in tasks:
            body = messages.encode(task.id, task.event, 1)
            channel.basic_publish("", EVENTS_QUEUE, body, messages.properties(task.id, "vazio", "vazio", None))
        channel.queue_declare(EVENTS_QUEUE, passive=True)
    with database.write() as connection:
        publishing.mark_published(connection, [Published(task.id, 0, REBUILD_AFTER_S) for task in tasks])
    database.close()


def _rate(rig: Rig, seconds: str) -> float:
    return COUNT / float(rig.query(seconds)[0][0])
