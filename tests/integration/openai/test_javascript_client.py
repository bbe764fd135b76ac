"""OpenAI's own npm client under Node, unchanged but for its base URL."""

from __future__ import annotations

from llmock.pytest_plugin import LLMock

from shared.llm.contract import TextDelta
from shared.llm.errors import AnswerBroken, ParameterRefused
from tests.integration.openai.javascript import official
from tests.integration.openai.surface import Scripted


def test_an_answer(house_url: str, provider: LLMock) -> None:
    provider.reply("Bom dia")
    seen = official(house_url, "whole")
    assert seen["content"] == "Bom dia"
    assert seen["usage"]["total_tokens"] == seen["usage"]["prompt_tokens"] + seen["usage"]["completion_tokens"]
    assert seen["plantao"]["deployment"] == "primeira"
    assert seen["id"]


def test_a_stream_with_its_usage(house_url: str, provider: LLMock) -> None:
    provider.reply("um dois três")
    *spoken, last, usage = official(house_url, "stream")
    assert spoken[0]["choices"][0]["delta"]["role"] == "assistant"
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in spoken) == "um dois três"
    assert last["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], usage["usage"]["completion_tokens"] > 0) == ([], True)
    assert all(chunk["usage"] is None for chunk in (*spoken, last))


def test_its_tool_runner_calls_the_tool_and_reads_the_answer(house_url: str, provider: LLMock) -> None:
    provider.call_tool("leito", {"ala": "B"}).reply("Há dois leitos")
    assert official(house_url, "tools") == {"content": "Há dois leitos", "calls": [{"ala": "B"}]}
    assert provider.last_request.body["messages"][-1]["content"] == "2 leitos"


def test_structured_output(house_url: str, provider: LLMock) -> None:
    provider.reply('{"leitos": 3}')
    assert official(house_url, "parsed") == {"leitos": 3}
    assert provider.last_request.body["response_format"]["json_schema"]["name"] == "vaga"


def test_models(house_url: str) -> None:
    seen = official(house_url, "models")
    assert {"padrao", "primeira", "crew:exames.hemograma"} <= set(seen["ids"])
    assert seen["one"]["object"] == "model"


def test_refusals_have_their_classes(house_url: str) -> None:
    unknown, twice, new, no_model = official(house_url, "refused")
    assert (unknown["kind"], unknown["code"]) == ("NotFoundError", "model_not_found")
    assert (twice["kind"], twice["code"], twice["param"]) == ("BadRequestError", "unsupported_parameter", "n")
    assert (new["kind"], new["code"], new["param"]) == ("BadRequestError", "unknown_parameter", "nova")
    assert no_model["kind"] == "NotFoundError"
    assert all(one["id"] for one in (unknown, twice, new, no_model))


def test_a_broken_stream_is_an_error(base_url: str, model: Scripted) -> None:
    model.answers(TextDelta("meia "), AnswerBroken("parou", "meia ", "disconnect"))
    seen = official(base_url, "broken")
    assert (seen["text"], seen["error"]["code"]) == ("meia ", "answer_broken")


def test_a_deployments_own_refusal_names_the_parameter(base_url: str, model: Scripted) -> None:
    model.answers(ParameterRefused("temperature", "não é honrado"))
    seen = official(base_url, "broken")
    assert (seen["error"]["status"], seen["error"]["param"]) == (400, "temperature")
