"""What a chat request may hold: each refusal names its place as OpenAI's clients know it, and quotes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessage

from api.openai.body import checked
from api.openai.errors import RequestRefused
from shared.errors import MalformedBody
from shared.llm.errors import ParameterRefused

USER = {"role": "user", "content": "olá"}
TOOL = {"type": "function", "function": {"name": "leito", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "leito", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "2"}
SECRET = "Segredo que não pode voltar"


def asked(*messages: Any, **more: Any) -> bytes:
    return json.dumps({"model": "padrao", "messages": list(messages) or [USER], **more}).encode()


REFUSED: list[tuple[bytes, str, str]] = [
    (b'{"messages": [{"role": "user", "content": "x"}]}', "model", "missing_required_parameter"),
    (b'{"model": "x"}', "messages", "missing_required_parameter"),
    (asked(nova=SECRET), "nova", "unknown_parameter"),
    (asked(**{SECRET: 1}), "(nome ilegível)", "unknown_parameter"),
    (asked({"role": SECRET, "content": "x"}), "messages[0]", "invalid_value"),
    (asked({"role": "user"}), "messages[0].content", "missing_required_parameter"),
    (asked({"role": "user", "content": 7}), "messages[0].content", "invalid_value"),
    (asked({"role": "user", "content": "x", "extra": SECRET}), "messages[0].extra", "unknown_parameter"),
    (asked({"role": "user", "content": [{"type": "file"}]}), "messages[0].content[0]", "invalid_value"),
    (
        asked(USER, {"role": "system", "content": [{"type": "image_url", "image_url": {"url": SECRET}}]}),
        "messages[1].content[0].type",
        "invalid_value",
    ),
    (
        asked({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://intranet/a.png"}}]}),
        "messages[0].content[0].image_url.url",
        "invalid_value",
    ),
    (asked({"role": "assistant"}), "messages", "invalid_value"),
    (asked(USER, RESULT), "messages", "invalid_value"),
    (asked(USER, CALLING), "messages", "invalid_value"),
    (asked(USER, CALLING, USER), "messages", "invalid_value"),
    (asked(USER, CALLING, RESULT, RESULT), "messages", "invalid_value"),
    (
        asked(USER, {"role": "assistant", "tool_calls": [CALL | {"function": {"name": "leito", "arguments": "{a"}}]}),
        "messages[1].tool_calls[0].function.arguments",
        "invalid_value",
    ),
    (asked(temperature="0.2"), "temperature", "invalid_value"),
    (asked(temperature=2.1), "temperature", "invalid_value"),
    (asked(max_tokens=0), "max_tokens", "invalid_value"),
    (asked(stream=1), "stream", "invalid_value"),
    (asked(stream_options={"include_usage": True}), "stream_options", "invalid_value"),
    (asked(stream=True, stream_options={"x": 1}), "stream_options.x", "unknown_parameter"),
    (asked(response_format={"type": SECRET}), "response_format", "invalid_value"),
    (
        asked(response_format={"type": "json_schema", "json_schema": {"name": "a b"}}),
        "response_format.json_schema.name",
        "invalid_value",
    ),
    (asked(metadata={"joana": 1}), "metadata", "invalid_value"),
    (asked(logit_bias={"joana": 101}), "logit_bias", "invalid_value"),
    (asked(tools=[TOOL, TOOL]), "tools", "invalid_value"),
    (asked(tools=[{"type": "custom"}]), "tools[0].type", "invalid_value"),
    (asked(tool_choice="required"), "tool_choice", "invalid_value"),
    (
        asked(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "outra"}}),
        "tool_choice",
        "invalid_value",
    ),
    (asked(parallel_tool_calls=False), "parallel_tool_calls", "invalid_value"),
]


@pytest.mark.parametrize(("body", "param", "code"), REFUSED, ids=[f"{param}-{code}" for _, param, code in REFUSED])
def test_the_place_of_a_mistake(body: bytes, param: str, code: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        checked(body)
    assert (refused.value.param, refused.value.code) == (param, code)
    assert SECRET not in refused.value.detail and "olá" not in refused.value.detail


@pytest.mark.parametrize(
    ("stop", "param", "reason"),
    [
        (list("abcde"), "stop", "no máximo 4 itens"),
        ([], "stop", "ao menos 1 itens"),
        ("", "stop", "ao menos 1 caracteres"),
        (["fim", ""], "stop[1]", "ao menos 1 caracteres"),
        (7, "stop", "um texto"),
    ],
)
def test_a_refused_stop_is_told_what_is_wrong_with_the_form_that_was_sent(stop: Any, param: str, reason: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        checked(asked(stop=stop))
    assert refused.value.param == param and reason in refused.value.detail


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'{"model": "\\ud800"}', b"\xff"])
def test_what_is_no_json_object(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        checked(body)


def test_messages_reach_the_gateway_as_they_were_written() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    request = checked(
        asked({"role": "user", "content": parts, "name": "ana"}, CALLING, RESULT, tools=[TOOL])
    ).for_gateway()
    assert request.messages[0] == {"role": "user", "content": parts, "name": "ana"}
    assert request.messages[1] == {"role": "assistant", "content": "", "tool_calls": [CALL]}
    assert request.messages[2] == RESULT
    assert (request.tools, request.model) == ([TOOL], "padrao")


def test_an_answer_that_said_nothing_may_stand_in_the_history() -> None:
    request = checked(asked(USER, {"role": "assistant", "content": ""}, USER)).for_gateway()
    assert request.messages[1] == {"role": "assistant", "content": ""}


def test_an_answer_goes_back_as_the_official_client_writes_it_down() -> None:
    said = ChatCompletionMessage(role="assistant", content="olá").model_dump()
    for answer in (said, said | {"annotations": []}):
        assert checked(asked(USER, answer, USER)).for_gateway().messages[1] == {"role": "assistant", "content": "olá"}
    for name, value in (("annotations", [{"type": "url_citation"}]), ("audio", {"id": "a"}), ("function_call", {})):
        with pytest.raises(RequestRefused) as caught:
            checked(asked(USER, said | {name: value}, USER))
        assert caught.value.param == f"messages[1].{name}"


def test_the_result_of_a_tool_may_name_it() -> None:
    named = RESULT | {"name": "leito"}
    assert checked(asked(USER, CALLING, named)).for_gateway().messages[-1] == named


def test_words_that_only_openai_knows_are_said_in_everybodys() -> None:
    developer = {"role": "developer", "content": "seja breve"}
    refusal = {"role": "assistant", "content": None, "refusal": "não posso"}
    in_parts = {"role": "assistant", "content": [{"type": "refusal", "refusal": "não"}, {"type": "text", "text": "!"}]}
    request = checked(asked(developer, USER, refusal, USER, in_parts, USER)).for_gateway()
    assert request.messages[0] == {"role": "system", "content": "seja breve"}
    assert request.messages[2] == {"role": "assistant", "content": "não posso"}
    assert request.messages[4] == {"role": "assistant", "content": "não!"}


def test_parameters_are_forwarded_as_written_and_null_is_absent() -> None:
    given = {"temperature": 0.25, "stop": ["fim"], "seed": 3, "max_completion_tokens": 9, "top_p": None}
    request = checked(asked(**given)).for_gateway()
    assert request.parameters == {name: value for name, value in given.items() if value is not None}


def test_what_asks_for_nothing_is_left_off() -> None:
    idle = {"n": 1, "logprobs": False, "store": False, "presence_penalty": 0, "modalities": ["text"], "tools": []}
    idle |= {"response_format": {"type": "text"}, "tool_choice": "auto", "service_tier": "auto", "metadata": {}}
    request = checked(asked(**idle)).for_gateway()
    assert (dict(request.parameters), request.tools) == ({}, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "x"}),
        ("store", True),
        ("metadata", {"a": "b"}),
        ("functions", [{"name": "x"}]),
        ("web_search_options", {}),
        ("prompt_cache_key", "x"),
        ("service_tier", "priority"),
    ],
)
def test_what_no_answer_of_this_house_honours(name: str, value: Any) -> None:
    with pytest.raises(ParameterRefused) as refused:
        checked(asked(**{name: value})).for_gateway()
    assert refused.value.parameter == name


def test_padding_of_streams_is_refused() -> None:
    with pytest.raises(ParameterRefused):
        checked(asked(stream=True, stream_options={"include_obfuscation": True})).for_gateway()
    assert checked(asked(stream=True, stream_options={"include_obfuscation": False})).for_gateway()
