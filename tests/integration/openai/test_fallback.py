"""What a foreign client sees when a provider fails: another one's answer, or a clear error, never half an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from llmock.pytest_plugin import LLMock
from llmock.scenarios import Fail, Match, StreamFault

from tests.integration.openai.surface import listening, models_file

HELLO: Any = [{"role": "user", "content": "olá"}]
FIRST = Match(model="m-primeira")


@contextmanager
def calling(provider: LLMock, url: str, folder: Path) -> Iterator[openai.OpenAI]:
    """A house of its own: what one test's faults teach its breakers, no other test should meet."""
    models = models_file(folder, provider.base_url(), provider.base_url())
    with (
        listening(DATABASE_URL=url, FILES_DIR=str(folder / "files"), MODELS_FILE=models) as base,
        openai.OpenAI(base_url=base, api_key="sk-teste", max_retries=0) as client,
    ):
        yield client


@pytest.mark.parametrize("stream", [False, True])
def test_another_deployment_answers(provider: LLMock, database_url: str, tmp_path: Path, stream: bool) -> None:
    provider.add(Fail(503, times=None, match=FIRST)).reply("da reserva")
    with calling(provider, database_url, tmp_path) as client:
        answer = client.chat.completions.create(model="padrao", messages=HELLO, stream=stream)
        if stream:
            chunks = list(answer)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            origin = chunks[-1].model_extra["plantao"]
        else:
            text, origin = answer.choices[0].message.content, answer.model_extra["plantao"]
    assert text == "da reserva"
    assert (origin["deployment"], origin["fallback"], origin["attempts"]) == ("reserva", True, 2)
    assert [record.model for record in provider.requests] == ["m-primeira", "m-reserva"]
    provider.assert_resilient()


def test_nobody_answers(provider: LLMock, sqlite_url: str, tmp_path: Path) -> None:
    provider.outage()
    with calling(provider, sqlite_url, tmp_path) as client:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as raised:
                client.chat.completions.create(model="padrao", messages=HELLO, stream=stream)
            assert (raised.value.status_code, raised.value.code) == (503, "model_unavailable")
            assert int(raised.value.response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("fault", ["disconnect", "truncate", "malformed"])
def test_an_answer_that_breaks_is_an_error_and_no_other_model_goes_on(
    provider: LLMock, sqlite_url: str, tmp_path: Path, fault: Any
) -> None:
    provider.reply("um dois três quatro cinco").add(StreamFault(fault, after_chunks=3, match=Match(stream=True)))
    with calling(provider, sqlite_url, tmp_path) as client, pytest.raises(openai.APIError) as raised:
        list(client.chat.completions.create(model="padrao", messages=HELLO, stream=True))
    assert isinstance(raised.value.body, dict) and raised.value.body["code"] == "answer_broken"
    assert len(provider.requests) == 1


def test_what_the_provider_refuses_is_not_asked_again(provider: LLMock, sqlite_url: str, tmp_path: Path) -> None:
    provider.fail(400, times=None)
    with (
        calling(provider, sqlite_url, tmp_path) as client,
        pytest.raises(openai.InternalServerError) as raised,
    ):
        client.with_options(max_retries=2).chat.completions.create(model="padrao", messages=HELLO)
    assert (raised.value.status_code, raised.value.code) == (502, "model_refused")
    assert len(provider.requests) == 1
