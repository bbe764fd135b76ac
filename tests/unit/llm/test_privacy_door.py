"""Nothing that names anybody goes through the door, wherever in a request it stands; the answer comes back whole."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.llm.contract import ChatRequest, TextDelta, ToolCallDelta
from shared.llm.errors import TransferRefused
from shared.llm.plain_json import plain_json
from shared.llm.privacy_door import PrivacyDoor
from shared.privacy.identifiers import Identifiers

NAME = 'Antônia "Tuca" Zuleide'
CPF = "529.982.247-25"
KNOWN = Identifiers(
    names=frozenset({NAME, CPF, "PR-77120"}), quotes=frozenset({"caiu da própria altura ontem à noite em casa"})
)
SCHEMA = {"type": "object", "properties": {"cpf": {"type": "string", "description": "só números"}}}


@pytest.fixture
def door() -> PrivacyDoor:
    return PrivacyDoor(KNOWN)


def asked(*messages: dict[str, Any], **changes: Any) -> ChatRequest:
    return ChatRequest(list(messages) or [{"role": "user", "content": "olá"}], **changes)


def tool(**function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "buscar", "parameters": SCHEMA, **function}}


def test_every_place_that_holds_text_is_hidden(door: PrivacyDoor) -> None:
    call = {"name": "buscar", "arguments": json.dumps({"nome": NAME, "cpf": 52998224725, CPF: ["77120"]})}
    hidden = door.hide(
        asked(
            {"role": "system", "content": f"Paciente: {NAME}"},
            {
                "role": "user",
                "name": "Zuleide",
                "content": [{"type": "text", "text": f"CPF {CPF}, fone (11) 98765-4321"}],
            },
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": call}]},
            {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"nome": NAME, "prontuario": "PR-77120"})},
            tools=[tool(description=f"Busca {NAME}")],
            parameters={"user": CPF, "metadata": {"quem": NAME}, "stop": ["ANTONIA"], "temperature": 0.5, "seed": 7},
        )
    )
    sent = json.dumps([hidden.messages, hidden.tools, dict(hidden.parameters)], ensure_ascii=False)
    for planted in ("ntônia", "uca", "uleide", "529", "77120", "98765", "ANTONIA", "\\u00f4"):
        assert planted not in sent
    arguments = json.loads(hidden.messages[2]["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"nome": "[PESSOA_1]", "cpf": "[CPF_1b]", "[CPF_1]": ["[CODIGO_1]"]}
    assert hidden.messages[3]["tool_call_id"] == "c1"
    assert hidden.tools[0]["function"]["parameters"] == SCHEMA
    assert hidden.parameters["temperature"] == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": [tool(name="buscar_zuleide")]},
        {"tools": [tool(parameters={"type": "object", "properties": {"52998224725": {}}})]},
        {"tools": [tool(parameters={"enum": [NAME]})]},
        {"tools": [tool(parameters={"default": "fulano@exemplo.com.br"})]},
        {"tools": [tool(parameters={"const": "390.533.447-05"})]},
        {"parameters": {"response_format": {"type": "json_schema", "json_schema": {"name": "zuleide"}}}},
        {"messages": [{"role": "tool", "tool_call_id": "52998224725", "content": "nada"}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Zul"}, {"type": "text", "text": "eide"}]}
            ]
        },
        {"messages": [{"role": "user", "content": "ela caiu da própria altura ontem, disse a filha"}]},
    ],
)
def test_what_cannot_be_hidden_stops_the_call(door: PrivacyDoor, changes: dict[str, Any]) -> None:
    request = ChatRequest(**{"messages": [{"role": "user", "content": "olá"}], **changes})
    with pytest.raises(TransferRefused) as caught:
        door.hide(request)
    assert "uleide" not in str(caught.value)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"file_id": "f1"}},
        {"text": "sem tipo"},
        "solto",
    ],
)
def test_what_cannot_be_searched_stays_in_the_house(door: PrivacyDoor, part: Any) -> None:
    with pytest.raises(TransferRefused):
        door.hide(asked({"role": "user", "content": [{"type": "text", "text": "veja"}, part]}))


@pytest.mark.parametrize("place", ["schema", "arguments"])
def test_what_is_nested_too_deeply_to_be_searched_stays_in_the_house(door: PrivacyDoor, place: str) -> None:
    text = '{"a": ' + "[" * 900 + "1" + "]" * 900 + "}"
    call = {"id": "c1", "type": "function", "function": {"name": "buscar", "arguments": text}}
    asking = {"schema": asked(tools=[tool(parameters=orjson.loads(text))]),
              "arguments": asked({"role": "assistant", "content": None, "tool_calls": [call]})}  # fmt: skip
    with pytest.raises(TransferRefused, match="níveis"):
        door.hide(asking[place])


def test_the_callers_request_is_left_as_it_was(door: PrivacyDoor) -> None:
    request = asked({"role": "user", "content": [{"type": "text", "text": NAME}]}, tools=[tool(description=NAME)])
    before = json.dumps([request.messages, request.tools])
    door.hide(request)
    assert json.dumps([request.messages, request.tools]) == before


def test_a_name_of_the_schema_that_looks_like_a_token_is_not_used(door: PrivacyDoor) -> None:
    schema = {"type": "object", "properties": {"PESSOA_1": {"type": "string"}}}
    hidden = door.hide(asked({"role": "user", "content": NAME}, tools=[tool(parameters=schema)]))
    assert hidden.messages[0]["content"] == "[PESSOA_2]"
    assert door.restore_arguments({"PESSOA_1": "[PESSOA_2]"}) == {"PESSOA_1": NAME}


def test_arguments_are_restored_inside_their_structure(door: PrivacyDoor) -> None:
    """A quotation mark in a name breaks no JSON."""
    door.hide(asked({"role": "user", "content": f"{NAME}, {CPF}"}))
    arguments = {"quem": ["[PESSOA_1]", 1, None], "[CPF_1]": {"texto": "de [pessoa_1]"}}
    assert door.restore_arguments(arguments) == {"quem": [NAME, 1, None], CPF: {"texto": f"de {NAME}"}}


@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_an_answer_in_json_is_still_json(door: PrivacyDoor, kind: str) -> None:
    door.hide(asked({"role": "user", "content": NAME}, parameters={"response_format": {"type": kind}}))
    text = '{"quem": "Sra. [PESSOA_1]"}'
    assert json.loads(door.restore_text(text)) == {"quem": f"Sra. {NAME}"}
    restoring = door.restoring()
    pieces = [*restoring.feed(TextDelta(text[:20])), *restoring.feed(TextDelta(text[20:])), *restoring.flush()]
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == door.restore_text(text)


def test_what_was_escaped_in_json_comes_back_as_people_write(door: PrivacyDoor) -> None:
    result = json.dumps({"nome": "Antônia", "emoji": "🙂", "aspas": '\\u0022 "'}) + "\n"
    hidden = door.hide(asked({"role": "tool", "tool_call_id": "c", "content": result}))
    content = hidden.messages[0]["content"]
    assert content == '{"nome": "[PESSOA_1]", "emoji": "🙂", "aspas": "\\\\u0022 \\""}\n'
    assert json.loads(door.restore_text(content)) == json.loads(result)
    assert door.restore_text("[PESSOA_1] está bem") == "Antônia está bem"


@given(st.recursive(st.text(max_size=5) | st.none(), lambda inner: st.lists(inner, max_size=3)))
def test_plain_json_means_the_same(data: Any) -> None:
    text = json.dumps(data)
    assert json.loads(plain_json(text)) == data
    assert plain_json(text + " não é JSON") == text + " não é JSON"


@given(st.data())
def test_a_stream_of_text_and_calls_comes_back_whole(data: st.DataObject) -> None:
    door = PrivacyDoor(KNOWN)
    door.hide(asked({"role": "user", "content": f"{NAME}, {CPF}"}))
    text, calls = "Sra. [PESSOA_1], CPF [CPF_1", ['{"q": "[PESSOA_1] e [CPF_1]"}', '{"[CPF_1]": "PESSOA_1"}']
    restoring = door.restoring()
    pieces = [TextDelta(piece) for piece in _cut(text, data)]
    for index, arguments in enumerate(calls):
        first, *others = _cut(arguments, data)
        pieces.append(ToolCallDelta(index, first, id=f"c{index}", name="buscar"))
        pieces += [ToolCallDelta(index, piece) for piece in others]
    out = [restored for piece in pieces for restored in restoring.feed(piece)] + [*restoring.flush()]

    said = [piece.text for piece in out if isinstance(piece, TextDelta)]
    assert "".join(said) == f"Sra. {NAME}, CPF [{CPF}"
    assert all(said)
    assert [piece for piece in out[: len(said)] if isinstance(piece, ToolCallDelta)] == []
    for index, expected in enumerate([{"q": f"{NAME} e {CPF}"}, {CPF: NAME}]):
        mine = [piece for piece in out if isinstance(piece, ToolCallDelta) and piece.index == index]
        assert json.loads("".join(piece.arguments for piece in mine)) == expected
        assert (mine[0].id, mine[0].name) == (f"c{index}", "buscar")


def _cut(text: str, data: st.DataObject) -> list[str]:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
