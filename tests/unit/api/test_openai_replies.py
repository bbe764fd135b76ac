"""The exact bytes of a stream and the exact members of an answer, judged by the official client's own models too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from api.openai.replies import DONE, Chunks, comment, completion, error_frame
from shared.llm.contract import ChatReply, ToolCall, ToolCallDelta, Usage

IDENTITY = ("chatcmpl-1", 1_700_000_000, "padrao")
USAGE = Usage(7, 3, "provider")
HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "padrao"}


def reply(text: str, *calls: ToolCall) -> ChatReply:
    reason = "tool_calls" if calls else "stop"
    return ChatReply(text, calls, reason, USAGE, "openai", "gpt", "primeira", "r1", cost_microusd=12, attempts=2)


def told(frame: bytes) -> dict[str, Any]:
    assert frame.startswith(b"data: ") and frame.endswith(b"\n\n") and frame.count(b"\n") == 2
    data: dict[str, Any] = json.loads(frame[6:])
    ChatCompletionChunk.model_validate(data, strict=True)
    return data


@pytest.mark.parametrize("include_usage", [False, True])
def test_every_frame_has_its_exact_members(include_usage: bool) -> None:
    chunks = Chunks(*IDENTITY, include_usage=include_usage)
    common = HEAD | ({"usage": None} if include_usage else {})

    def choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return common | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}

    assert told(chunks.role()) == choice({"role": "assistant", "content": "", "refusal": None})
    assert told(chunks.role({"task_id": "t"})) == told(chunks.role()) | {"plantao": {"task_id": "t"}}
    assert told(chunks.text('olá "é"\n')) == choice({"content": 'olá "é"\n'})
    assert told(chunks.finish("length", {"a": 1})) == choice({}, "length") | {"plantao": {"a": 1}}
    first = told(chunks.tool_call(ToolCallDelta(1, "", "c1", "leito")))
    function = {"name": "leito", "arguments": ""}
    assert first == choice({"tool_calls": [{"index": 1, "id": "c1", "type": "function", "function": function}]})
    later = told(chunks.tool_call(ToolCallDelta(1, '{"a')))
    assert later == choice({"tool_calls": [{"index": 1, "function": {"arguments": '{"a'}}]})
    counted = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert told(chunks.usage(USAGE)) == HEAD | {"choices": [], "usage": counted}


def test_an_answer_has_no_member_that_would_be_null_by_accident() -> None:
    body = completion(*IDENTITY, reply("olá"))
    ChatCompletion.model_validate(body, strict=True)
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "olá", "refusal": None}
    assert body.keys() == {"id", "object", "created", "model", "choices", "usage", "plantao"}
    assert (body["plantao"]["cost_microusd"], body["plantao"]["attempts"]) == (12, 2)


def test_tool_calls_are_whole_and_text_is_null_beside_them() -> None:
    body = completion(*IDENTITY, reply("", ToolCall("c1", "leito", {"ala": "é"})))
    ChatCompletion.model_validate(body, strict=True)
    message = body["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "leito", "arguments": '{"ala":"é"}'}}
    ]


def test_what_is_no_chunk() -> None:
    assert DONE == b"data: [DONE]\n\n"
    assert error_frame({"error": {"code": "x"}}) == b'data: {"error":{"code":"x"}}\n\n'
    assert comment("queued 0/3 ") == b": queued 0/3 \n\n"
