"""A model outside the house: speaks OpenAI's protocol and keeps every byte that it was sent.

`0.0.0.0` reaches this machine and is no address of the house, so that the gateway treats it as any provider abroad.
It answers with all that it was told, so that whoever was hidden is in the answer; offered a tool, it calls it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.llmock.replies import completion
from tests.llmock.server import MockProvider, running

TOKEN = re.compile(r"\[[A-Z]+_\d+[a-z]*\]")
_PIECE = 3  # characters of a streamed answer that come at once: tokens are cut in the middle


class OutsideModel(MockProvider):
    """`sent`: request line, headers and body of every request. `failures`: how many of the next ones fail."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.failures = 0
        self.app = Starlette(routes=[Route("/v1/chat/completions", self._completions, methods=["POST"])])

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(text.rpartition("\r\n")[2]) for text in self.sent]

    async def _completions(self, request: Request) -> Response:
        raw = (await request.body()).decode()
        headers = "\r\n".join(f"{name}: {value}" for name, value in request.headers.items())
        self.sent.append(f"{request.method} {request.url}\r\n{headers}\r\n{raw}")
        body = json.loads(raw)
        if self.failures:
            self.failures -= 1
            return JSONResponse({"error": {"message": f"prompt was: {raw}", "type": "server_error"}}, 500)
        if "Ação" in raw or "achados" in raw:
            return JSONResponse(completion(body, len(self.sent), None))
        message = _message(body)
        return _streamed(message) if body.get("stream") else JSONResponse(_whole(message))


def _message(body: dict[str, Any]) -> dict[str, Any]:
    said = " | ".join(_text(message.get("content")) for message in body["messages"])
    if body.get("tools") and body["messages"][-1]["role"] != "tool":
        name = body["tools"][0]["function"]["name"]
        arguments = json.dumps({"quem": TOKEN.findall(said), "pedido": said})
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": f"Entendi: {said}"}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _whole(message: dict[str, Any]) -> dict[str, Any]:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def _streamed(message: dict[str, Any]) -> Response:
    return StreamingResponse(_lines(message), media_type="text/event-stream")


def _lines(message: dict[str, Any]) -> Iterator[str]:
    for delta in _deltas(message):
        yield _line([{"index": 0, "delta": delta, "finish_reason": None}])
    yield _line([{"index": 0, "delta": {}, "finish_reason": "tool_calls" if message.get("tool_calls") else "stop"}])
    yield _line([], usage={"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12})
    yield "data: [DONE]\n\n"


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for piece in _pieces(message["content"] or ""):
        yield {"content": piece}
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        yield {"tool_calls": [{"index": index, **call, "function": {"name": function["name"], "arguments": ""}}]}
        for piece in _pieces(function["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str) -> list[str]:
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]


def _line(choices: list[dict[str, Any]], **more: Any) -> str:
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}
    return f"data: {json.dumps(chunk)}\n\n"


@contextmanager
def outside(model: OutsideModel) -> Iterator[str]:
    """The address at which the model is outside the house."""
    with running(model) as url:
        yield url.replace("127.0.0.1", "0.0.0.0")
