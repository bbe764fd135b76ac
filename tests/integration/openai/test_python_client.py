"""OpenAI's own Python client, unchanged but for its base URL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import openai
import pytest
from llmock.pytest_plugin import LLMock
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from shared import clock
from shared.errors import ModelRefused, ModelUnavailable, StoreUnavailable
from shared.llm.contract import TextDelta, ToolCall
from shared.llm.errors import (
    AnswerBroken,
    BudgetExhausted,
    ContextOverflow,
    ParameterRefused,
    PromptTooLarge,
    TransferRefused,
    UnknownModel,
)
from tests.integration.openai.surface import Scripted, pieces, reply

HELLO: Any = [{"role": "user", "content": "olá"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "leito",
        "parameters": {"type": "object", "properties": {"ala": {"type": "string"}}, "required": ["ala"]},
    },
}
KEY = "sk-segredo-do-cliente"


class Vaga(BaseModel):
    """What the model is asked to fill in."""

    ala: str
    leitos: int


@pytest.fixture
def client(base_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=0) as made:
        yield made


@pytest.fixture
def house(house_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=house_url, api_key=KEY, max_retries=0) as made:
        yield made


def ask(client: openai.OpenAI, **parameters: Any) -> ChatCompletion:
    return client.chat.completions.create(model="padrao", messages=HELLO, **parameters)


def test_an_answer_says_who_gave_it_and_what_it_cost(house: openai.OpenAI, provider: LLMock) -> None:
    answer = ask(provider.reply("Bom dia") and house, temperature=0.2, max_completion_tokens=50, stop=["fim"], seed=7)
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Bom dia", "stop")
    assert answer.usage and answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert answer.model_extra and answer.model_extra["plantao"]["deployment"] == "primeira"
    assert answer.model_extra["plantao"]["cost_microusd"] > 0
    sent = provider.last_request.body
    assert (sent["temperature"], sent["stop"], sent["seed"]) == (0.2, ["fim"], 7)
    assert sent["max_completion_tokens"] == 50
    provider.assert_resilient()


def test_a_stream_ends_with_its_usage(house: openai.OpenAI, provider: LLMock) -> None:
    provider.reply("um dois três quatro")
    chunks = list(ask(house, stream=True, stream_options={"include_usage": True}))
    *spoken, last, usage = chunks
    assert spoken[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in spoken) == "um dois três quatro"
    assert (last.choices[0].finish_reason, last.choices[0].delta.content) == ("stop", None)
    assert (usage.choices, usage.usage and usage.usage.completion_tokens > 0) == ([], True)
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    provider.assert_resilient()


async def test_the_asynchronous_client_streams_too(house_url: str, provider: LLMock) -> None:
    provider.reply("um dois três")
    async with openai.AsyncOpenAI(base_url=house_url, api_key=KEY, max_retries=0) as client:
        stream = await client.chat.completions.create(model="primeira", messages=HELLO, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(texts) == "um dois três"


def test_tools_go_there_and_back(house: openai.OpenAI, provider: LLMock) -> None:
    provider.call_tool("leito", {"ala": "B"}).reply("Há um leito na ala B")
    first = ask(house, tools=[WEATHER], tool_choice="auto")
    (call,) = first.choices[0].message.tool_calls or []
    assert (call.function.name, json.loads(call.function.arguments)) == ("leito", {"ala": "B"})
    assert (first.choices[0].finish_reason, first.choices[0].message.content) == ("tool_calls", None)
    talk = [*HELLO, first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "1"}]
    second = house.chat.completions.create(model="padrao", messages=talk, tools=[WEATHER])
    assert second.choices[0].message.content == "Há um leito na ala B"
    assert [message["role"] for message in provider.last_request.body["messages"]] == ["user", "assistant", "tool"]


def test_parallel_tool_calls_are_put_together_from_their_fragments(client: openai.OpenAI, model: Scripted) -> None:
    calls = (ToolCall("c1", "leito", {"ala": "A"}), ToolCall("c2", "leito", {"ala": "B"}))
    model.answers(*pieces(reply("", *calls)))
    with client.chat.completions.stream(model="padrao", messages=HELLO, tools=[WEATHER]) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    put_together = [(call.id, call.type, json.loads(call.function.arguments)) for call in message.tool_calls or []]
    assert put_together == [("c1", "function", {"ala": "A"}), ("c2", "function", {"ala": "B"})]


def test_structured_output_is_parsed_by_the_client(house: openai.OpenAI, provider: LLMock) -> None:
    provider.reply('{"ala": "B", "leitos": 3}')
    answer = house.chat.completions.parse(model="padrao", messages=HELLO, response_format=Vaga)
    assert answer.choices[0].message.parsed == Vaga(ala="B", leitos=3)
    asked = provider.last_request.body["response_format"]
    assert (asked["type"], asked["json_schema"]["strict"]) == ("json_schema", True)
    assert asked["json_schema"]["schema"]["required"] == ["ala", "leitos"]


def test_models_are_policies_deployments_and_crews(house: openai.OpenAI) -> None:
    owners = {card.id: card.owned_by for card in house.models.list()}
    assert (owners["padrao"], owners["primeira"], owners["crew:exames.hemograma"]) == (
        "plantao",
        "openai_compatible",
        "plantao",
    )
    assert house.models.retrieve("crew:exames.hemograma").id == "crew:exames.hemograma"
    with pytest.raises(openai.NotFoundError) as refused:
        house.models.retrieve("gpt-5")
    assert refused.value.code == "model_not_found"


ERRORS: list[tuple[Exception, type[openai.APIStatusError], int, str, str]] = [
    (UnknownModel("x"), openai.NotFoundError, 404, "invalid_request_error", "model_not_found"),
    (ParameterRefused("seed", "x"), openai.BadRequestError, 400, "invalid_request_error", "unsupported_parameter"),
    (ContextOverflow("x"), openai.BadRequestError, 400, "invalid_request_error", "context_length_exceeded"),
    (PromptTooLarge("x"), openai.APIStatusError, 413, "invalid_request_error", "request_too_large"),
    (TransferRefused("x"), openai.PermissionDeniedError, 403, "permission_error", "transfer_refused"),
    (ModelRefused("x"), openai.InternalServerError, 502, "server_error", "model_refused"),
    (ModelUnavailable("x", 7.2), openai.InternalServerError, 503, "server_error", "model_unavailable"),
    (StoreUnavailable("x"), openai.InternalServerError, 503, "server_error", "store_unavailable"),
    (RuntimeError(KEY), openai.InternalServerError, 500, "server_error", "internal_error"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("error", "kind", "status", "type_", "code"), ERRORS, ids=lambda value: str(value)[:24])
def test_every_error_has_its_class(
    client: openai.OpenAI,
    model: Scripted,
    error: Exception,
    kind: type[openai.APIStatusError],
    status: int,
    type_: str,
    code: str,
    stream: bool,
) -> None:
    model.answers(error)
    with pytest.raises(kind) as raised:
        ask(client, stream=stream)
    assert (raised.value.status_code, raised.value.type, raised.value.code) == (status, type_, code)
    assert raised.value.request_id
    assert KEY not in str(raised.value.body)


def test_an_exhausted_budget_says_when_it_is_renewed_and_is_not_asked_again(base_url: str, model: Scripted) -> None:
    resets_at = clock.now() + timedelta(hours=2)
    model.answers(BudgetExhausted("o dia já gastou o seu limite", resets_at))
    with (
        openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=2) as client,
        pytest.raises(openai.APIStatusError) as raised,
    ):
        ask(client)
    assert (raised.value.status_code, raised.value.type) == (402, "insufficient_quota")
    assert raised.value.message.count(resets_at.isoformat(timespec="seconds")) == 1
    assert 7100 < int(raised.value.response.headers["retry-after"]) <= 7200
    assert len(model.asked) == 1


def test_the_client_repeats_only_what_may_come_right(base_url: str, model: Scripted) -> None:
    with openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=1) as client:
        model.answers(ModelRefused("o modelo não aceita"))
        with pytest.raises(openai.InternalServerError):
            ask(client)
        assert len(model.asked) == 1
        model.answers(ModelUnavailable("fora", 0.4))
        with pytest.raises(openai.InternalServerError):
            ask(client)
        assert len(model.asked) == 2


def test_a_stream_that_breaks_is_never_taken_for_a_whole_one(client: openai.OpenAI, model: Scripted) -> None:
    model.answers(TextDelta("meia "), AnswerBroken("parou", "meia ", "disconnect"))
    got: list[ChatCompletionChunk] = []

    def read() -> None:
        for chunk in ask(client, stream=True):
            got.append(chunk)

    with pytest.raises(openai.APIError) as raised:
        read()
    assert isinstance(raised.value.body, dict) and raised.value.body["code"] == "answer_broken"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in got) == "meia "
    assert all(chunk.choices[0].finish_reason is None for chunk in got)


def test_a_named_end_user_reaches_the_ledger_blind_and_no_provider(client: openai.OpenAI, model: Scripted) -> None:
    ask(client, user="ana.souza")
    ask(client, user="ana.souza")
    ask(client, safety_identifier="rui.lima")
    first, again, other = (context.subject_id for context in model.contexts)
    assert first == again != other
    assert "ana" not in str(first)
    assert all("user" not in request.parameters for request in model.asked)
