"""POST → completed with a no-op handler at low load, against a raw publish → consume → insert."""

from __future__ import annotations

import json
import statistics
import time
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection

import pika
import psycopg

from bench.report import Line
from bench.rig import VHOST, Rig, answers, free_port, until

COUNT = 150
PAUSE_S = 0.02
QUEUE = "bench_raw"


def measure(rig: Rig) -> list[Line]:
    """Medians of single requests with a pause between them."""
    raw = statistics.median(_raw(rig))
    lines = []
    for engine in ("pika", "dramatiq"):
        ours = statistics.median(_ours(rig, engine))
        detail = f"p50 {ours * 1000:.1f} ms of {raw * 1000:.1f} ms raw"
        lines.append(Line(f"latency, {engine} engine ÷ raw", detail, ours / raw, 3.0, at_least=False))
    return lines


def _raw(rig: Rig) -> list[float]:
    """One connection publishes with confirms to a quorum queue, another consumes, inserts, commits, acknowledges."""
    rig.query("CREATE TABLE bench_raw (id int PRIMARY KEY, body bytea)")
    parameters = pika.URLParameters(rig.rabbit.url("admin", VHOST))
    taken: list[float] = []
    with (
        pika.BlockingConnection(parameters) as sender,
        pika.BlockingConnection(parameters) as receiver,
        psycopg.connect(rig.database_url.replace("+psycopg", ""), autocommit=True) as database,
    ):
        outgoing, incoming = sender.channel(), receiver.channel()
        outgoing.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        outgoing.confirm_delivery()
        messages = incoming.consume(QUEUE)
        for number in range(COUNT):
            start = time.perf_counter()
            outgoing.basic_publish("", QUEUE, b"{}", pika.BasicProperties(delivery_mode=2), mandatory=True)
            method, _, body = next(messages)
            database.execute("INSERT INTO bench_raw VALUES (%s, %s)", (number, body))
            taken.append(time.perf_counter() - start)
            incoming.basic_ack(method.delivery_tag)
            time.sleep(PAUSE_S)
    return taken


def _ours(rig: Rig, engine: str) -> list[float]:
    rig.empty()
    port = free_port()
    sent: dict[str, datetime] = {}
    with (
        rig.process("latency-api", "api.main", role="api", API_PORT=str(port)),
        rig.process(f"latency-{engine}", f"workers.{engine}_worker"),
        closing(HTTPConnection("127.0.0.1", port)) as client,
    ):
        until(lambda: answers(port) and _health(client) == "ok", "the platform is ready")
        for _ in range(COUNT):
            start = datetime.now(UTC)
            client.request("POST", "/api/vazio/", b'{"texto":"ola"}', {"Content-Type": "application/json"})
            sent[json.load(client.getresponse())["task_id"]] = start
            time.sleep(PAUSE_S)
        until(
            lambda: rig.query("SELECT count(*) FROM tasks WHERE status = 'completed'")[0][0] == COUNT, "all completed"
        )
    finished = dict(rig.query("SELECT id, finished_at FROM tasks"))
    return [(finished[task] - start).total_seconds() for task, start in sent.items()]


def _health(client: HTTPConnection) -> str:
    client.request("GET", "/health")
    return str(json.load(client.getresponse())["status"])
