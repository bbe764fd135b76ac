"""What we are compared with or talk to, behind one uvicorn: `python -m bench.servers empty|dramatiq|model PORT`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable

import dramatiq
import uvicorn
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send


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


_HEAD = b'data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"m","choices":['
_PIECE = _HEAD + b'{"index":0,"delta":%s}]}\n\n'
_FIRST = _PIECE % b'{"role":"assistant","content":""},"finish_reason":null'
_WORD = _PIECE % b'{"content":" palavra"},"finish_reason":null'
_LAST = _PIECE % b'{},"finish_reason":"stop"'
_USAGE = _HEAD + b'],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}}\n\ndata: [DONE]\n\n'


async def model(scope: Scope, receive: Receive, send: Send) -> None:
    """A provider that streams as fast as it is read. A model named `words:400:0.02` says 400, 20 ms apart."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    _, words, pause = json.loads(body)["model"].split(":")
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    # A write per piece, so that none reaches the client in another's packet by our doing.
    for piece in (_FIRST, *[_WORD] * int(words), _LAST, _USAGE):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(float(pause))
    await send({"type": "http.response.body", "body": b""})


_APPS: dict[str, Callable[[], ASGIApp]] = {"empty": empty, "dramatiq": with_dramatiq, "model": lambda: model}


def main() -> None:
    kind, port = sys.argv[1:3]
    app = _APPS[kind]()
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
