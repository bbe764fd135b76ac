"""The deterministic model: calls what it can fill, repeats what it was given, invents nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.errors import ModelRefused
from shared.llm.contract import ChatRequest
from shared.llm.gateway import LlmGateway
from shared.llm.interruption import Interruption
from shared.llm.offline_reply import NOTICE, opinion, tool_calls
from shared.settings import ModelSettings


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


def test_without_findings_it_refuses() -> None:
    request = ChatRequest([{"role": "user", "content": "Hb de 9,1 g/dL, o que acha?"}])
    with pytest.raises(ModelRefused):
        LlmGateway(ModelSettings()).complete(request, timeout=5, interruption=Interruption())
