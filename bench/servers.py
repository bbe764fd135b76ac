"""What our accept is compared with, behind the same uvicorn: `python -m bench.servers empty|dramatiq PORT`."""

from __future__ import annotations

import os
import sys

import dramatiq
import uvicorn
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from fastapi import FastAPI


def empty() -> FastAPI:
    """The least that FastAPI can do."""
    app = FastAPI()

    @app.post("/")
    async def nothing() -> dict[str, bool]:
        return {"ok": True}

    return app


class QuorumBroker(RabbitmqBroker):
    """Dramatiq's own broker on quorum queues, so that both sides pay for the same durability."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, object]:
        return {**super()._build_queue_arguments(queue_name), "x-queue-type": "quorum"}


def with_dramatiq() -> FastAPI:
    """`actor.send` with publisher confirms onto a quorum queue, no row anywhere."""
    broker = QuorumBroker(url=os.environ["RABBITMQ_URL"], confirm_delivery=True)
    dramatiq.set_broker(broker)

    @dramatiq.actor(queue_name="bench_dramatiq_send")
    def work(texto: str) -> None:
        """Never consumed: only the sending is measured."""

    app = FastAPI()

    @app.post("/")
    def send() -> dict[str, bool]:
        work.send("olá")
        return {"ok": True}

    return app


def main() -> None:
    kind, port = sys.argv[1:3]
    app = empty() if kind == "empty" else with_dramatiq()
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
