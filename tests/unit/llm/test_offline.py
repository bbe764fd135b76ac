"""The deterministic model: calls what it can fill, repeats what it was given, invents nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.errors import ModelRefused
from shared.llm.contract import ChatRequest, TextDelta, ToolCall, ToolCallDelta
from shared.llm.offline import OfflineClient
from shared.llm.offline_reply import NOTICE, opinion, tool_calls
from shared.llm.ports import WireReply


def tool(name: str, **properties: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in properties.items()},
        "required": list(properties),
    }
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": schema}}


def result(**data: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": "c", "content": json.dumps(data)}


def finding(number: int, severity: str, text: str) -> dict[str, str]:
    return {"id": f"A{number}", "gravidade": severity, "descricao": text}


def called(name: str) -> dict[str, Any]:
    function = {"name": name, "arguments": "{}"}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]}


def test_calls_every_tool_it_can_fill_once() -> None:
    tools = [tool("a"), tool("b", parametro="string"), tool("c")]
    assert [call["name"] for call in tool_calls([], tools)] == ["a", "c"]
    assert tool_calls([called("a"), called("c")], tools) == []


def test_fills_an_argument_by_name_and_type() -> None:
    tools = [tool("b", parametro="string")]
    assert tool_calls([result(parametro=3)], tools) == []
    assert tool_calls([result(parametro="vcm")], tools)[0]["args"] == {"parametro": "vcm"}


def test_every_sentence_cites_and_the_worst_comes_first() -> None:
    text = opinion([result(achados=[finding(1, "info", "Um. Dois."), finding(2, "critico", "Três.")])])
    assert text.split("\n") == [
        f"{NOTICE} [A2].",
        "Achado crítico: Três [A2].",
        "Achado informativo: Um [A1]. Dois [A1].",
    ]


def test_reads_the_findings_of_a_prompt_too() -> None:
    block = json.dumps({"achados": [finding(1, "info", "Um.")]})
    assert "[A1]" in opinion([{"role": "user", "content": f"texto\n```json\n{block}\n```"}])


async def test_a_case_without_findings_is_refused() -> None:
    for case in ({"idioma": "pt", "achados": []}, {"idioma": "pt"}, {"achados": [1, {"id": 1, "gravidade": []}]}):
        request = ChatRequest([{"role": "user", "content": f"texto\n```json\n{json.dumps(case)}\n```"}])
        with pytest.raises(ModelRefused):
            await OfflineClient().complete(request)


CONVERSATION = [{"role": "system", "content": "seja breve"}, {"role": "user", "content": "Hb de 9,1 g/dL, o que acha?"}]


async def test_anybody_else_is_told_that_there_is_no_model() -> None:
    reply = await OfflineClient().complete(ChatRequest(CONVERSATION))
    assert "Nenhum modelo de linguagem está configurado" in reply.text
    assert "9,1" not in reply.text
    assert (reply.finish_reason, reply.tool_calls, reply.usage) == ("stop", (), None)


async def test_a_stream_gives_the_same_text_in_pieces() -> None:
    request = ChatRequest([result(achados=[finding(1, "info", "Um. Dois.")])])
    *pieces, whole = [event async for event in OfflineClient().stream(request)]
    assert isinstance(whole, WireReply)
    assert len(pieces) > 5
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == whole.text


async def test_a_stream_of_tool_calls() -> None:
    request = ChatRequest([result(parametro="vcm")], [tool("b", parametro="string")])
    piece, whole = [event async for event in OfflineClient().stream(request)]
    assert piece == ToolCallDelta(0, '{"parametro": "vcm"}', "call_0_b", "b")
    assert whole == WireReply("", (ToolCall("call_0_b", "b", {"parametro": "vcm"}),), "tool_calls", None)


@pytest.mark.parametrize(
    ("parameters", "finish_reason"),
    [({"max_tokens": 3}, "length"), ({"max_completion_tokens": 3}, "length"), ({"stop": "de linguagem"}, "stop"),
     ({"stop": ["nada disto", "de linguagem"]}, "stop")],
)  # fmt: skip
async def test_its_answer_can_be_limited(parameters: dict[str, Any], finish_reason: str) -> None:
    request = ChatRequest(CONVERSATION, parameters=parameters)
    reply = await OfflineClient().complete(request)
    assert (reply.text, reply.finish_reason) == (
        "Nenhum modelo de" if finish_reason == "length" else "Nenhum modelo ",
        finish_reason,
    )
    assert [event async for event in OfflineClient().stream(request)][-1] == reply


async def test_no_tool_is_called_where_none_may_be() -> None:
    request = ChatRequest(
        [result(achados=[finding(1, "info", "Um.")])], [tool("a")], parameters={"tool_choice": "none"}
    )
    assert (await OfflineClient().complete(request)).tool_calls == ()
