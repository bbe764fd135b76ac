"""Whole answers and pieces of a stream, in OpenAI's exact shapes.

`plantao` is this house's own member beside them: official clients keep what they do not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from shared.llm.contract import ChatReply, ToolCall, ToolCallDelta, Usage

DONE = b"data: [DONE]\n\n"


def completion(completion_id: str, created: int, model: str, reply: ChatReply) -> dict[str, Any]:
    """The body of an answer that is not streamed; `created` in seconds since 1970."""
    return {
        **_head(completion_id, "chat.completion", created, model),
        "choices": [_choice(reply)],
        "usage": usage_of(reply.usage),
        "plantao": origin(reply),
    }


def text_completion(
    completion_id: str, created: int, model: str, text: str, usage: Usage, extra: dict[str, Any]
) -> dict[str, Any]:
    """The same for a text that no single model call made: a crew's opinion."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        **_head(completion_id, "chat.completion", created, model),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage_of(usage),
        "plantao": extra,
    }


def origin(reply: ChatReply) -> dict[str, Any]:
    """Who answered and what it cost, in micro-dollars, failed attempts included."""
    return {
        "deployment": reply.deployment,
        "provider": reply.provider,
        "provider_model": reply.model,
        "attempts": reply.attempts,
        "fallback": reply.fallback,
        "cached": reply.cached,
        "cost_microusd": reply.cost_microusd,
        "usage_source": reply.usage.source,
    }


def usage_of(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


class Chunks:
    """The frames of one stream. What all have in common is encoded once: a stream has hundreds of them."""

    def __init__(self, completion_id: str, created: int, model: str, *, include_usage: bool) -> None:
        head = _head(completion_id, "chat.completion.chunk", created, model)
        self._head = b"data: " + orjson.dumps(head)[:-1]
        self._delta = self._head + b',"choices":[{"index":0,"delta":'
        self._end = b"]" + (b',"usage":null' if include_usage else b"")
        self._open = b',"logprobs":null,"finish_reason":null}' + self._end + b"}\n\n"

    def role(self, extra: dict[str, Any] | None = None) -> bytes:
        """The first frame."""
        frame = self._frame({"role": "assistant", "content": "", "refusal": None})
        return frame if extra is None else frame[:-3] + b',"plantao":' + orjson.dumps(extra) + b"}\n\n"

    def text(self, text: str) -> bytes:
        return self._frame({"content": text})

    def tool_call(self, delta: ToolCallDelta) -> bytes:
        """`id`, `type` and `name` stand in the first fragment of each call only."""
        function: dict[str, str] = {"arguments": delta.arguments}
        call: dict[str, Any] = {"index": delta.index}
        if delta.id is not None:
            call |= {"id": delta.id, "type": "function"}
        if delta.name is not None:
            function = {"name": delta.name} | function
        return self._frame({"tool_calls": [call | {"function": function}]})

    def finish(self, reason: str, extra: dict[str, Any]) -> bytes:
        """The last frame with a choice."""
        tail = b',"logprobs":null,"finish_reason":' + orjson.dumps(reason) + b"}" + self._end
        return self._delta + b"{}" + tail + b',"plantao":' + orjson.dumps(extra) + b"}\n\n"

    def usage(self, usage: Usage) -> bytes:
        """The frame after the last, for those who asked for it."""
        return self._head + b',"choices":[],"usage":' + orjson.dumps(usage_of(usage)) + b"}\n\n"

    def _frame(self, delta: dict[str, Any]) -> bytes:
        return self._delta + orjson.dumps(delta) + self._open


def error_frame(content: dict[str, Any]) -> bytes:
    """The end of a stream that broke: no [DONE] follows."""
    return b"data: " + orjson.dumps(content) + b"\n\n"


def comment(text: str) -> bytes:
    """A line that keeps proxies awake; every SSE reader skips it."""
    return f": {text}\n\n".encode()


def _head(completion_id: str, kind: str, created: int, model: str) -> dict[str, Any]:
    return {"id": completion_id, "object": kind, "created": created, "model": model}


def _choice(reply: ChatReply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = _tool_calls(reply.tool_calls)
    return {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}


def _tool_calls(calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": orjson.dumps(call.arguments).decode()},
        }
        for call in calls
    ]
