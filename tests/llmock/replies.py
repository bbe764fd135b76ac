"""A chat completion for the messages received: tool calls first, then a text that cites the findings."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

from shared.llm.offline_reply import opinion, tool_calls

Body = dict[str, Any]


def completion(request: Body, number: int, fault: str | None) -> Body:
    """An OpenAI `chat.completion` object, spoiled in the way `fault` names."""
    calls = [] if fault == "empty" else tool_calls(request["messages"], request.get("tools") or [])
    text = "" if calls or fault == "empty" else _text(request, fault)
    message: Body = {"role": "assistant", "content": text or None, "refusal": None}
    if calls:
        message["tool_calls"] = [_tool_call(call) for call in calls]
    prompt, answer = len(json.dumps(request["messages"])) // 4, max(1, len(text) // 4)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request["model"],
        "choices": [
            {"index": 0, "finish_reason": _finish_reason(fault, bool(calls)), "logprobs": None, "message": message}
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer},
    }


def as_events(whole: Body) -> Iterator[str]:
    """The same completion as server-sent events: a chunk per word."""
    (choice,) = whole["choices"]
    words = re.findall(r"\s*\S+", choice["message"]["content"] or "")
    calls = [{"index": index, **call} for index, call in enumerate(choice["message"].get("tool_calls", []))]
    deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in words)]
    deltas += [{"tool_calls": calls}] if calls else []
    head = {name: whole[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for delta in deltas:
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    yield _event({**head, "choices": [], "usage": whole["usage"]})
    yield "data: [DONE]\n\n"


def _event(chunk: Body) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _text(request: Body, fault: str | None) -> str:
    try:
        text = opinion(request["messages"])
    except ValueError:
        return "Sem achados para descrever."
    if fault == "falsify":
        return re.sub(r"\d+[.,]\d+", "99,9", text)
    if fault == "omit":  # the critical findings, and the notice that cites the first of them
        return "\n".join(line for line in text.splitlines()[1:] if not line.startswith("Achado crítico"))
    return re.sub(r"\[[\w.:-]+\]", "", text) if fault == "uncited" else text


def _finish_reason(fault: str | None, called: bool) -> str | None:
    if fault == "no_finish":
        return None
    return "length" if fault == "length" else "tool_calls" if called else "stop"


def _tool_call(call: Body) -> Body:
    function = {"name": call["name"], "arguments": json.dumps(call["args"], ensure_ascii=False)}
    return {"id": call["id"], "type": "function", "function": function}
