"""What the house adds around OpenAI's words: its own list of models, limits per minute, and silence about keys."""

from __future__ import annotations

from pathlib import Path

import httpx
import openai
import pytest
from llmock.pytest_plugin import LLMock

from tests.integration.openai.surface import Scripted, listening

KEY = "sk-chave-que-nao-pode-ser-registrada"
HELLO = {"model": "padrao", "messages": [{"role": "user", "content": "olá"}]}


def test_the_native_list_says_what_a_caller_must_weigh(house_url: str, provider: LLMock) -> None:
    answer = httpx.get(house_url.removesuffix("/v1") + "/api/llm/models").json()
    policy, first, second = answer["items"]
    assert (policy["id"], policy["kind"], policy["default"]) == ("padrao", "policy", True)
    assert policy["deployments"] == ["primeira", "reserva"]
    assert first == {
        "id": "primeira",
        "kind": "deployment",
        "provider": "openai_compatible",
        "model": "m-primeira",
        "context_tokens": 32_768,
        "max_output_tokens": 4_096,
        "inside": True,
        "prices": {"input": 1.5, "output": 6.0},
        "default": False,
        "deployments": ["primeira"],
    }
    assert second["id"] == "reserva"


def test_too_many_a_minute(sqlite_url: str, tmp_path: Path, model: Scripted) -> None:
    with (
        listening(model, DATABASE_URL=sqlite_url, FILES_DIR=str(tmp_path), OPENAI_RPM="2") as url,
        openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client,
    ):
        for left in (1, 0):
            answer = client.chat.completions.with_raw_response.create(**HELLO)  # type: ignore[call-overload]
            assert f"r={left}" in answer.headers["ratelimit"]
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(**HELLO)  # type: ignore[call-overload]
        client.models.list()  # asking what there is costs nothing
    assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "rate_limit_error")
    assert 1 <= int(refused.value.response.headers["retry-after"]) <= 61


def test_a_key_reaches_neither_log_nor_answer(
    base_url: str, model: Scripted, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    answers = [httpx.post(f"{base_url}/chat/completions", json=HELLO, headers=headers)]
    model.answers(RuntimeError("inesperado"))
    answers += [
        httpx.post(f"{base_url}/chat/completions", json=HELLO | {"stream": stream}, headers=headers)
        for stream in (False, True)
    ]
    answers += [httpx.get(f"{base_url}/{path}", headers=headers) for path in ("models", "nada")]
    assert [answer.status_code for answer in answers] == [200, 500, 500, 200, 404]
    written = "".join(capfd.readouterr()) + caplog.text
    assert "unexpected_error" in written
    assert KEY not in written + "".join(answer.text for answer in answers)
