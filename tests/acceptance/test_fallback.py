"""The first provider is dead: a crew, a chat, a foreign client and a webhook are answered by the second, and booked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.hospital import assert_opinion, example
from tests.acceptance.models import models_file
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running
from tests.platform import Platform, eventually
from tests.receiver import SECRET, Receiver, receiving

_CONTACTS = """
[endpoints.atendimento]
url = "http://127.0.0.1:{port}/respostas"
secret = "{secret}"
[[egress]]
host = "127.0.0.1"
ports = [{port}]
schemes = ["http"]
"""
QUESTION = "Quando volto ao trabalho?"


@pytest.fixture(scope="module")
def providers() -> Iterator[tuple[MockProvider, MockProvider]]:
    """The one that fails, and the one that answers."""
    yield MockProvider(plan=FaultPlan("503")), MockProvider()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode,
    module_postgres_url: str,
    providers: tuple[MockProvider, MockProvider],
    receiver: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("fallback")
    contacts = folder / "contacts.toml"
    contacts.write_text(_CONTACTS.format(port=receiver.port, secret=SECRET))
    dead, living = providers
    with running(dead) as first, running(living) as second:
        models = models_file(folder, primeira=first, segunda=second)
        files = {"MODELS_FILE": str(models), "CONTACTS_FILE": str(contacts)}
        made = Platform(rabbit, module_postgres_url, folder, "pika", **files)
        try:
            made.start_api()
            made.start_workers("--domains", "exames,conversas", wait_for=("exames", "conversas"))
            yield made
        finally:
            made.close()


def chatted(platform: Platform) -> tuple[str, dict[str, Any]]:
    """The text of a streamed chat, and its last event."""
    with platform.client.stream("POST", "/api/chat/messages", json={"content": QUESTION, "stream": True}) as answer:
        assert answer.status_code == 200
        events = [json.loads(line[5:]) for line in answer.iter_lines() if line.startswith("data:")]
    return "".join(event["content"] for event in events), events[-1]


def called_back(platform: Platform, receiver: Receiver) -> dict[str, Any]:
    asked = {"message": QUESTION, "callback_id": "atendimento"}
    accepted = platform.client.post("/webhook", json=asked)
    assert accepted.status_code == 202, accepted.text
    (one, *_) = eventually(lambda: list(receiver.requests), f"the callback\n{platform.log('workers')}")
    body: dict[str, Any] = Webhook(SECRET).verify(one.body, one.headers)
    assert body["request_id"] == accepted.json()["request_id"]
    return body


def test_a_crew_a_chat_a_client_and_a_webhook_fall_back(
    platform: Platform, providers: tuple[MockProvider, MockProvider], receiver: Receiver
) -> None:
    found = example("exames.hemograma")
    task = platform.submit(found.url, found.body)
    text, last = chatted(platform)
    asked = {"model": "padrao", "messages": [{"role": "user", "content": QUESTION}]}
    client = platform.client.post("/v1/chat/completions", json=asked)
    answered = called_back(platform, receiver)
    view = platform.finished(task)

    assert (view["status"], view["degraded"]) == ("completed", False)
    assert_opinion(view["result"], provider="openai_compatible")
    used = view["result"]["proveniencia"]
    assert used["contingencia"] and [one["implantacao"] for one in used["modelos"]] == ["segunda"]
    assert text and last["status"] == "complete"
    assert client.status_code == 200 and client.json()["choices"][0]["message"]["content"]
    assert answered["status"] == "completed" and answered["content"]

    attempts = platform.client.get("/api/llm/attempts", params={"limit": 200}).json()["items"]
    whole = {one["surface"] for one in attempts if (one["deployment"], one["outcome"]) == ("segunda", "ok")}
    assert whole == {"crew", "chat", "openai", "webhook"}
    dead, living = providers
    booked = [one["deployment"] for one in attempts]
    assert (booked.count("primeira"), booked.count("segunda")) == (len(dead.requests), len(living.requests))
    assert {one["outcome"] for one in attempts if one["deployment"] == "primeira"} == {"overloaded"}
    assert used["custo_microusd"] == sum(one["cost_microusd"] for one in attempts if one["subject_id"] == task) > 0
