"""With every model outside the house, no identifier reaches one, nor anything else; callers read the real values.

The model is a server that keeps every byte it is sent, quotes prompts in its errors, and answers with all it was told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest
from sqlalchemy import create_engine, inspect, text

from dev.ports import free_ports
from dev.rabbitmq_node import RabbitNode
from shared.messaging.topology import QUORUM, RESULTS_QUEUE
from tests.acceptance.broker import Vhost
from tests.acceptance.canaries import NAME, planted
from tests.acceptance.hospital import DOMAINS, example
from tests.acceptance.named_files import FILES, UNNAMED_COLUMNS
from tests.acceptance.named_patient import (
    EMAIL,
    FORMS,
    PATIENT,
    QUESTION,
    SECRET_WORDS,
    SPELLED,
    assert_hidden,
    assert_restored,
)
from tests.outside_model import OutsideModel, outside
from tests.platform import Platform, eventually
from tests.receiver import SECRET, Receiver, receiving

USED = ("exames", "conversas")
MODELS = """
default = "padrao"
cache_s = 600
policies.padrao = {{deployments = ["primeira", "reserva"], retries = 0}}
budgets = [{{scope = "client", limit_usd = 50}}]
[deployments]
primeira = {{provider = "openai_compatible", model = "m-1", base_url = "{url}", free_text = true}}
reserva = {{provider = "openai_compatible", model = "m-2", base_url = "{url}", free_text = true}}
sem_texto = {{provider = "openai_compatible", model = "m-3", base_url = "{url}"}}
"""
CONTACTS = """
endpoints.integrador = {{url = "http://127.0.0.1:{port}/respostas", secret = "{secret}"}}
egress = [{{host = "127.0.0.1", ports = [{port}], schemes = ["http"]}}]
"""
# Where the house keeps what it was told and what it answered: its own tables, for their owners only.
KEEPS = {"tasks", "task_results", "conversations", "conversation_messages", "conversation_summaries", "uploads"}


@pytest.fixture(scope="module")
def model() -> OutsideModel:
    return OutsideModel()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def broker(rabbit: RabbitNode) -> RabbitNode:
    """Nothing of an earlier platform in it, and a queue for those who want to hear of results."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbit.url("admin", DOMAINS["exames"].vhost)))
    connection.channel().queue_declare(RESULTS_QUEUE, durable=True, arguments=QUORUM)
    connection.channel().queue_purge(RESULTS_QUEUE)
    connection.close()
    for name in USED:
        Vhost(rabbit, DOMAINS[name].vhost).empty()
    return rabbit


@pytest.fixture(scope="module")
def platform(
    broker: RabbitNode,
    module_postgres_url: str,
    model: OutsideModel,
    receiver: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """The API alone: workers start when the messages have been looked at."""
    folder: Path = tmp_path_factory.mktemp("outside")
    contacts, models = folder / "contacts.toml", folder / "models.toml"
    contacts.write_text(CONTACTS.format(port=receiver.port, secret=SECRET))
    with outside(model) as url:
        models.write_text(MODELS.format(url=url))
        settings = {
            "DOMAIN_PACKAGES": '["handlers"]',
            "MODELS_FILE": str(models),
            "TRANSFERENCIA_INTERNACIONAL": "true",
            "CONTACTS_FILE": str(contacts),
            "FILES_DIR": str(folder / "files"),
            "DOMAIN__EXAMES__RESULTS": "true",
            "LOG_LEVEL": "DEBUG",
            "WORKER_METRICS_PORT": str(free_ports(1)[0]),
        }
        made = Platform(broker, module_postgres_url, folder, "pika", **settings)
        try:
            made.start_api()
            made.wait_connected()
            yield made
        finally:
            made.close()


def test_nobody_is_named_to_a_model_outside(
    platform: Platform, broker: RabbitNode, model: OutsideModel, receiver: Receiver
) -> None:
    conversation = _conversation(platform)
    model.failures = 1  # the first choice fails and quotes the prompt; the second answers
    for answered in (_said(platform, conversation), _streamed(platform, conversation)):
        assert_restored(answered)
    _used_by_a_foreign_client(platform, model)
    _free_text_stays(platform, model, conversation)
    _read_in_files(platform, model)

    webhook = _asked_by_webhook(platform, conversation)
    crew = platform.submit(example("exames.hemograma").url, planted(example("exames.hemograma").body))
    _messages_hold_ids_only(broker)
    before = len(model.sent)
    platform.start_workers("--domains", ",".join(USED), wait_for=USED)
    view = platform.finished(crew)
    assert (view["status"], view["degraded"]) == ("completed", False), view
    assert len(model.sent) > before
    called = eventually(lambda: receiver.at("/respostas"), "the answer is called back")
    assert_restored(json.loads(called[0].body)["content"])
    assert platform.client.get(f"/webhook/{webhook}").json()["status"] == "completed"

    for number, raw in enumerate(model.sent):
        assert_hidden(raw, f"request {number} to the model")
    assert all(model in {"m-1", "m-2"} for model in (body["model"] for body in model.bodies))
    assert_hidden("".join(f"{one.path} {one.headers}" for one in receiver.requests), "a callback's headers")
    assert_hidden(_events(broker), "an event on the broker")
    assert_hidden(platform.full_log(), "a log line")
    assert all(json.loads(line)["event"] for line in platform.full_log().splitlines())
    assert_hidden(
        httpx.get(f"http://127.0.0.1:{platform.setting('WORKER_METRICS_PORT')}/metrics", timeout=60).text,
        "workers' metrics",
    )
    for address in ("/metrics", "/health", "/api/llm/usage", "/api/llm/models", "/api/queues"):
        assert_hidden(platform.client.get(address).text, address)
    _tables_hold_nobody(platform)


@pytest.mark.parametrize("spelled", [*SPELLED, *PATIENT.values(), SECRET_WORDS])
def test_a_leak_would_be_seen(spelled: str) -> None:
    with pytest.raises(AssertionError):
        assert_hidden(json.dumps({"content": f"a {spelled}."}), "a prompt")


def _conversation(platform: Platform) -> str:
    body = {"paciente": PATIENT, "system": f"Você ajuda a equipe de {NAME}."}
    answer = platform.client.post("/api/chat/conversations", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _said(platform: Platform, conversation: str) -> str:
    answer = platform.client.post("/api/chat/messages", json={"conversation_id": conversation, "content": QUESTION})
    assert (answer.status_code, answer.json()["deployment"]) == (200, "reserva"), answer.text
    return str(answer.json()["content"])


def _streamed(platform: Platform, conversation: str) -> str:
    body = {"conversation_id": conversation, "content": QUESTION + " De novo.", "stream": True, "model": "reserva"}
    with platform.client.stream("POST", "/api/chat/messages", json=body) as stream:
        assert stream.status_code == 200, stream.read()
        lines = [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
    assert lines[-1]["status"] == "complete"
    return "".join(line.get("content") or "" for line in lines)


def _used_by_a_foreign_client(platform: Platform, model: OutsideModel) -> None:
    """A round with a tool, streamed and whole: the client runs it with the real values."""
    tool = {"type": "function", "function": {"name": "buscar", "parameters": {"type": "object", "properties": {}}}}
    asked = {"role": "user", "content": f"Busque {', '.join(FORMS)}."}
    body = {"model": "reserva", "messages": [asked], "tools": [tool]}
    call = _completion(platform, body)["tool_calls"][0]
    assert set(json.loads(call["function"]["arguments"])["quem"]) >= set(FORMS)
    assert json.loads(_streamed_arguments(platform, body)) == json.loads(call["function"]["arguments"])
    result = {"role": "tool", "tool_call_id": call["id"], "content": json.dumps({"achado": FORMS})}
    spoken = {"role": "assistant", "content": None, "tool_calls": [call]}
    answer = _completion(platform, body | {"messages": [asked, spoken, result]})
    assert all(answer["content"].count(form) >= 2 for form in FORMS)
    refused = {
        "model": "reserva",
        "messages": [asked],
        "tools": [tool | {"function": {"name": "x", "description": "y"}}],
    }
    refused["tools"][0]["function"]["parameters"] = {"type": "object", "properties": {EMAIL: {}}}  # type: ignore[index]
    sent = len(model.sent)
    assert platform.client.post("/v1/chat/completions", json=refused).status_code == 403
    assert len(model.sent) == sent


def _completion(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    answer = platform.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    message: dict[str, Any] = answer.json()["choices"][0]["message"]
    return message


def _streamed_arguments(platform: Platform, body: dict[str, Any]) -> str:
    with platform.client.stream("POST", "/v1/chat/completions", json=body | {"stream": True}) as stream:
        assert stream.status_code == 200, stream.read()
        lines = [line[6:] for line in stream.iter_lines() if line.startswith("data: {")]
    deltas = [choice["delta"] for line in lines for choice in json.loads(line)["choices"]]
    return "".join(
        call["function"].get("arguments") or "" for delta in deltas for call in delta.get("tool_calls") or ()
    )


def _free_text_stays(platform: Platform, model: OutsideModel, conversation: str) -> None:
    """What a person wrote goes to no model that was not declared fit for it."""
    sent = len(model.sent)
    body = {"conversation_id": conversation, "content": f"É a {SECRET_WORDS}.", "model": "sem_texto"}
    answer = platform.client.post("/api/chat/messages", json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:plantao:problema:transfer-refused")
    assert_hidden(answer.text, "a refusal")
    assert len(model.sent) == sent


def _read_in_files(platform: Platform, model: OutsideModel) -> None:
    """A conversation that is bound to nobody: whom to hide is read off the file, as long as anybody speaks of it."""
    for kind, content in FILES.items():
        first = {"content": "Resuma.", "anexos": [_upload(platform, f"{NAME}.{kind}", content)], "model": "reserva"}
        talk = None
        for body in (first, {"content": f"E {NAME.split()[0]}?", "model": "reserva"}):
            answer = platform.client.post("/api/chat/messages", json=body | ({"conversation_id": talk} if talk else {}))
            assert (answer.status_code, answer.json()["deployment"]) == (200, "reserva"), answer.text
            talk = answer.json()["conversation_id"]
            assert all(word in answer.json()["content"] for word in NAME.split()), "restored"
    sent = len(model.sent)
    body = {"content": "Resuma.", "anexos": [_upload(platform, "a.csv", UNNAMED_COLUMNS)], "model": "reserva"}
    answer = platform.client.post("/api/chat/messages", json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:plantao:problema:transfer-refused")
    assert_hidden(answer.text, "a refusal of a file")
    assert len(model.sent) == sent


def _upload(platform: Platform, name: str, content: bytes) -> str:
    answer = platform.client.post("/api/uploads", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _asked_by_webhook(platform: Platform, conversation: str) -> str:
    body = {"message": QUESTION, "callback_id": "integrador", "conversation_id": conversation}
    answer = platform.client.post("/webhook", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["request_id"])


def _messages_hold_ids_only(broker: RabbitNode) -> None:
    vhosts = [Vhost(broker, DOMAINS[name].vhost) for name in USED]
    waiting = eventually(
        lambda: len(found := [one for vhost in vhosts for one in vhost.look()]) == 2 and found, "messages"
    )
    for properties, body in waiting:
        assert set(json.loads(body)) == {"task_id", "event", "attempt"}
        assert_hidden(f"{body.decode()} {properties}", "a message")


def _events(broker: RabbitNode) -> str:
    found = eventually(lambda: Vhost(broker, DOMAINS["exames"].vhost).look(RESULTS_QUEUE), "results are out")
    return "".join(f"{body.decode()} {properties}" for properties, body in found)


def _tables_hold_nobody(platform: Platform) -> None:
    """Ledger, budgets, breakers, timeline, outbox: every table that is not the house's own record of what was said."""
    engine = create_engine(platform.database_url)
    with engine.connect() as connection:
        names = set(inspect(engine).get_table_names())
        assert names >= KEEPS | {"llm_attempts", "llm_budgets", "llm_breakers", "llm_cache"}
        for name in sorted(names - KEEPS):
            rows = connection.execute(text(f'SELECT * FROM "{name}"')).fetchall()
            assert_hidden(str(rows), name)
        rows = connection.execute(text("SELECT outcome, surface FROM llm_attempts")).fetchall()
    assert {tuple(row) for row in rows} >= {("ok", "crew"), ("ok", "chat"), ("ok", "openai"), ("ok", "webhook")}
    assert any(row.outcome != "ok" for row in rows)
