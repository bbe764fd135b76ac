"""Plain Dramatiq on a quorum queue, writing the same row: `python -m bench.dramatiq_drain fill|work N THREADS`."""

from __future__ import annotations

import json
import os
import sys
import threading
import time

import dramatiq
import psycopg
from dramatiq.worker import Worker

from bench.servers import QuorumBroker

QUEUE = "bench_dramatiq_drain"

broker = QuorumBroker(url=os.environ["RABBITMQ_URL"], confirm_delivery=True)
dramatiq.set_broker(broker)
_local = threading.local()


@dramatiq.actor(queue_name=QUEUE)
def work(task_id: str) -> None:
    """The result row of a no-op, one commit per message, one connection per thread."""
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["BENCH_DSN"], autocommit=True)
    _local.connection.execute(
        "INSERT INTO bench_results (task_id, result, created_at) VALUES (%s, %s, now())",
        (task_id, json.dumps({"ok": True})),
    )


def main() -> None:
    action, count, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if action == "fill":
        for number in range(count):
            work.send(f"task-{number}")
        return
    worker = Worker(broker, worker_threads=threads)
    worker.start()
    with psycopg.connect(os.environ["BENCH_DSN"], autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM bench_results").fetchone()[0] < count:  # type: ignore[index]
            time.sleep(0.1)
    worker.stop()


if __name__ == "__main__":
    main()
