"""A tool call that the provider cut in two says why by its finish reason: it is left out, and not asked for again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.llm.contract import ToolCall
from shared.llm.failures import MalformedToolArguments
from shared.llm.wire.reply_assembly import ReplyAssembly
from tests.unit.llm.engine.books import Books
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway
from tests.unit.llm.wire.canned_server import canned

WHOLE = {"id": "c1", "type": "function", "function": {"name": "consultar", "arguments": '{"x": 1}'}}
CUT = {"id": "c2", "type": "function", "function": {"name": "consultar", "arguments": '{"x": "meia pala'}}


def completion(reason: str, *calls: Any) -> bytes:
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"prompt_tokens": 5, "completion_tokens": 64, "total_tokens": 69}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}).encode()


async def test_it_is_left_out_of_a_whole_answer_and_asked_for_once() -> None:
    books = Books()
    async with canned(completion("length", WHOLE, CUT), kind="application/json") as url:
        gateway = make_gateway(catalogue(3, a=deployment(url)), books=books)
        reply = await gateway.complete(REQUEST, context())
        await gateway.close()
    assert (reply.finish_reason, reply.tool_calls) == ("length", (ToolCall("c1", "consultar", {"x": 1}),))
    assert [one.outcome for one in books.settled] == ["ok"]


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_so_it_is_of_a_stream(reason: str) -> None:
    answer = ReplyAssembly()
    for index, call in enumerate((WHOLE, CUT)):
        function: Any = call["function"]
        chunk = {"index": index, "id": call["id"], "name": function["name"], "args": function["arguments"]}
        assert list(answer.fragments([chunk]))
    answer.finish_reason = "tool_calls"
    with pytest.raises(MalformedToolArguments):
        answer.whole()
    answer.finish_reason = reason
    whole = answer.whole()
    assert (whole.finish_reason, [call.id for call in whole.tool_calls]) == (reason, ["c1"])
