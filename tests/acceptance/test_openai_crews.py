"""A crew as a model, with everything real: broker, worker, crew, an official client."""

from __future__ import annotations

import json

import httpx
import openai
import pytest

from tests.acceptance.hospital import assert_envelope, assert_opinion, example
from tests.platform import Platform

CREW = "crew:exames.hemograma"

pytestmark = pytest.mark.parametrize("shared_platform", ["pika on postgresql"], indirect=True)


def test_an_official_client_asks_a_crew(shared_platform: Platform) -> None:
    shared_platform.heal("exames")
    messages = [{"role": "user", "content": json.dumps(example("exames.hemograma").body)}]
    with openai.OpenAI(base_url=str(shared_platform.client.base_url.join("/v1")), api_key="sk-teste") as client:
        answer = client.chat.completions.create(model=CREW, messages=messages)  # type: ignore[arg-type]
        chunks = list(client.chat.completions.create(model=CREW, messages=messages, stream=True))  # type: ignore[arg-type]
    about = (answer.model_extra or {})["plantao"]
    assert about["alerts"] and not about["degraded"]
    task = httpx.get(shared_platform.client.base_url.join(about["status_url"])).json()
    assert_envelope(task["result"])
    assert_opinion(task["result"], "offline")
    text = answer.choices[0].message.content or ""
    assert text == f"{task['result']['parecer']['texto']}\n\n{task['result']['aviso']}"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
    assert answer.usage and answer.usage.completion_tokens == task["result"]["proveniencia"]["tokens"]["completion"]
