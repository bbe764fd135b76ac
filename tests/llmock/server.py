"""An OpenAI-compatible provider that fails on demand and remembers what it was sent.

`GET /_llmock/requests` lists the bodies received, so that a test can plant a name and look for it;
`POST /_llmock/reset` forgets them and takes a new plan; `GET /_llmock/stats` counts calls in flight.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.llmock.faults import FaultPlan
from tests.llmock.replies import as_events, completion

_STATUS = {"400": 400, "401": 401, "403": 403, "404": 404, "429": 429, "500": 500, "503": 503, "quota": 429}
# A test that forgot to let its answers go must fail, not hang.
_HELD_AT_MOST_S = 30.0
# What a careless provider does: quote the prompt back in its error.
_ECHO = "prompt was: "


class _Truncated(Response):
    """Announces a long body, sends half of it and hangs up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"5000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"id": "chatcmpl-', "more_body": True})


class MockProvider:
    """The server's state. Counters are touched on its loop only; readers in other threads see whole values."""

    def __init__(self, delay: float = 0.0, plan: FaultPlan | None = None) -> None:
        self.delay = delay
        self.plan = plan or FaultPlan()
        self.requests: list[dict[str, Any]] = []
        self.in_flight = 0
        self.received = threading.Event()
        self.answering = threading.Event()  # cleared, answers wait for it
        self.answering.set()
        self.abandoned = threading.Event()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/_llmock/requests", self._recorded),
                Route("/_llmock/stats", self._stats),
                Route("/_llmock/reset", self._reset, methods=["POST"]),
            ]
        )

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        number = len(self.requests)
        self.in_flight += 1
        self.received.set()
        try:
            return await self._answer(request, body, number)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: Request, body: dict[str, Any], number: int) -> Response:
        fault = self.plan.for_call(number)
        if fault == "stall":
            await self._stall(request)
        await asyncio.sleep(self.delay)
        if not self.answering.is_set():
            await asyncio.to_thread(self.answering.wait, _HELD_AT_MOST_S)
        if fault in _STATUS:
            return self._error(fault, body)
        if fault == "truncate":
            return _Truncated()
        if fault == "bad_json":
            return Response('{"choices": [', media_type="application/json")
        if fault == "no_choices":
            return JSONResponse({"id": "chatcmpl-0", "object": "chat.completion", "model": body["model"]})
        whole = completion(body, number, fault)
        if body.get("stream"):
            return StreamingResponse(as_events(whole), media_type="text/event-stream")
        return JSONResponse(whole)

    async def _stall(self, request: Request) -> None:
        """Say nothing until the client hangs up."""
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.abandoned.set()

    def _error(self, fault: str, body: dict[str, Any]) -> Response:
        error = {
            "message": _ECHO + str(body["messages"]),
            "type": "mock_error",
            "param": None,
            "code": "insufficient_quota" if fault == "quota" else None,
        }
        headers = {"retry-after": self.plan.retry_after} if self.plan.retry_after is not None else None
        return JSONResponse({"error": error}, status_code=_STATUS[fault], headers=headers)

    async def _models(self, request: Request) -> Response:
        model = {"id": "llmock", "object": "model", "created": 0, "owned_by": "llmock"}
        return JSONResponse({"object": "list", "data": [model]})

    async def _recorded(self, request: Request) -> Response:
        return JSONResponse(self.requests)

    async def _stats(self, request: Request) -> Response:
        return JSONResponse({"calls": len(self.requests), "in_flight": self.in_flight})

    async def _reset(self, request: Request) -> Response:
        plan = await request.json()
        self.delay = plan.pop("delay", self.delay)
        self.plan = FaultPlan(**plan)
        self.requests.clear()
        return JSONResponse({})


class _Announcing(uvicorn.Server):
    """Says when it listens, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def running(provider: MockProvider) -> Iterator[str]:
    """Serve `provider` on a free loopback port in a thread; yields the base URL a client wants."""
    config = uvicorn.Config(provider.app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = _Announcing(config)
    thread = threading.Thread(target=server.run, name="llmock", daemon=True)
    thread.start()
    try:
        if not server.listening.wait(60):
            raise RuntimeError("llmock did not start")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
