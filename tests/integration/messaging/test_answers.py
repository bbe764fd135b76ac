"""Answers on their way out: read from the task when they are sent, signed, never too large, in slots of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from standardwebhooks import Webhook

from dev.rabbitmq_node import RabbitNode
from handlers.configured import configured_domains
from shared.clock import now
from shared.conversations import store
from shared.database import Database
from shared.errors import ModelRefused
from shared.notifications import outbox
from shared.notifications.contacts import Contacts
from shared.notifications.outbox import Channel, Kind, Notice
from shared.settings import Settings, load_settings
from shared.tasks.schema import task_results
from tests.integration.store.alerting import notices, told
from tests.integration.store.asking import OWNER, FakeModels, question, work_on, working
from tests.integration.store.rows import kinds
from tests.platform import eventually
from tests.receiver import OFTEN, SECRET, Received, Receiver, receiving
from workers.deliveries import Deliveries
from workers.relay import Relay

WAIT_S = 120
KEYS = {"request_id", "conversation_id", "status", "content", "model", "usage", "error", "result_url"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def config(rabbit: RabbitNode, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DOMAIN_PACKAGES", '["handlers"]')
    monkeypatch.setenv("RABBITMQ_URL", rabbit.url("worker"))
    monkeypatch.setenv("RELAY_INTERVAL_S", "0.05")
    monkeypatch.setenv("DELIVERY_TIMEOUT_S", "60")  # who hangs in a test hangs until it is let go
    monkeypatch.setenv("DELIVERY_RETRY_S", OFTEN)
    monkeypatch.setenv("ANSWER_MAX_BYTES", "20000")
    return load_settings()


@asynccontextmanager
async def delivering(config: Settings, database: Database, receiver: Receiver) -> AsyncIterator[None]:
    base = f"http://127.0.0.1:{receiver.port}"
    contacts = Contacts.model_validate(
        {
            "endpoints": {
                "atendimento": {"url": f"{base}/respostas", "prefix": True, "secret": SECRET},
                "plantonista": {"url": f"{base}/plantonista", "secret": SECRET},
            },
            "egress": [{"host": "127.0.0.1", "ports": [receiver.port], "schemes": ["http"]}],
        }
    )
    relay = Relay(config, database, configured_domains(config.domains))
    made = Deliveries(config, database, contacts, relay.publishers)
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    yield
    stop.set()
    receiver.open.set()
    await asyncio.wait_for(running, WAIT_S)
    await made.close()
    await relay.close()


async def until(condition: Callable[[], Any]) -> None:
    await asyncio.to_thread(eventually, condition, "what the test waits for", WAIT_S)


def verified(received: Received) -> dict[str, Any]:
    """Its body. Raises WebhookVerificationError when the public library does not accept the signature."""
    body: dict[str, Any] = Webhook(SECRET).verify(received.body, received.headers)
    return body


def answered(database: Database, text: str = "um", models: FakeModels | None = None, **fields: Any) -> tuple[str, str]:
    """(task id, conversation id) of a question that has its answer, or failed."""
    task, conversation = question(database, text, **fields)
    with working(database, models or FakeModels()) as execution:
        work_on(execution, task)
    return task, conversation


async def test_the_answer_itself_is_sent_signed_and_again_under_its_id(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    receiver.answers["/respostas"] = 503
    task, conversation = answered(database)
    async with delivering(config, database, receiver):
        await until(lambda: len(receiver.requests) >= 2)
        receiver.answers["/respostas"] = 204
        await until(lambda: told(database, task) == [("answer", "atendimento", "delivered")])
    first, *rest = map(verified, receiver.requests)
    assert {one.id for one in receiver.requests} == {notices(database, task)[0].id}
    assert all(one == first for one in rest)
    assert first.keys() == KEYS
    assert (first["request_id"], first["conversation_id"]) == (task, conversation)
    assert (first["status"], first["content"], first["model"], first["error"]) == (
        "completed",
        "resposta 1",
        "unico",
        None,
    )
    assert first["usage"]["total_tokens"] == 19
    assert kinds(database, task)[-1] == "delivered"


async def test_a_failure_is_told_by_code_without_words_of_the_provider(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    models = FakeModels()
    models.failures = [ModelRefused("segredo do provedor")]
    task, _ = answered(database, models=models)
    async with delivering(config, database, receiver):
        await until(lambda: [one[2] for one in told(database, task)] == ["delivered"])
    body = verified(receiver.requests[0])
    assert (body["status"], body["content"], body["error"]) == ("failed", None, {"code": "model_refused"})
    assert "segredo" not in receiver.requests[0].body.decode()


async def test_an_answer_too_large_for_a_callback_leaves_its_text_behind(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    task, _ = answered(database)
    with database.write() as connection:
        connection.execute(task_results.update().values(result={"content": "é" * 20_000, "model": "unico"}))
    async with delivering(config, database, receiver):
        await until(lambda: [one[2] for one in told(database, task)] == ["delivered"])
    body = verified(receiver.requests[0])
    assert (body["status"], body["content"], body["result_url"]) == ("completed", None, f"/webhook/{task}")


async def test_an_address_below_a_prefix_is_called_and_any_other_is_not(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    base = f"http://127.0.0.1:{receiver.port}"
    below, _ = answered(database, callback_url=f"{base}/respostas/7?fila=2")
    beside, _ = answered(database, callback_url=f"{base}/plantonista")
    async with delivering(config, database, receiver):
        await until(lambda: [one[2] for one in told(database, below)] == ["delivered"])
        await until(lambda: [one[2] for one in told(database, beside)] == ["undeliverable"])
    assert [one.path for one in receiver.requests] == ["/respostas/7?fila=2"]
    assert {one.last_error for one in notices(database, beside)} == {"url_not_registered"}


async def test_an_address_that_says_410_takes_no_other_of_its_receiver_along(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    base = f"http://127.0.0.1:{receiver.port}/respostas"
    receiver.answers["/respostas/7"] = 410
    async with delivering(config, database, receiver):
        for path, state in (("/7", "undeliverable"), ("/7", "undeliverable"), ("/8", "delivered"), ("", "delivered")):
            task, _ = answered(database, callback_url=base + path)
            await until(lambda task=task, state=state: [one[2] for one in told(database, task)] == [state])
    assert [one.path for one in receiver.requests] == ["/respostas/7", "/respostas/8", "/respostas"]


async def test_what_was_erased_is_not_sent_again(config: Settings, database: Database, receiver: Receiver) -> None:
    """The outbox keeps no text: an erased conversation's answer stays with its task, and nowhere else."""
    task, conversation = answered(database, "um segredo")
    with database.write() as connection:
        store.erase(connection, OWNER, conversation)
    (notice,) = notices(database, task)
    assert not {"content", "message"} & notice.data.keys()
    assert "segredo" not in json.dumps(notice.data) and "resposta 1" not in json.dumps(notice.data)


async def test_an_alert_overtakes_answers_whose_receiver_hangs(
    config: Settings, database: Database, receiver: Receiver
) -> None:
    tasks = [answered(database, f"pergunta {number}")[0] for number in range(2)]
    crowd = [
        Notice(tasks[0], "conversas", Kind.ANSWER, Channel.CALLBACK, "atendimento", {"run": 1, "status": "x"})
    ] * 80
    with database.write() as connection:
        outbox.add(connection, crowd, now())
    receiver.open.clear()
    async with delivering(config, database, receiver):
        await until(lambda: len(receiver.requests) >= 64)
        alert = Notice(tasks[1], "conversas", Kind.ALERT, Channel.CALLBACK, "plantonista", {"event": "resposta"})
        with database.write() as connection:
            outbox.add(connection, [alert], now())
        await until(lambda: receiver.at("/plantonista"))
        assert len([one for one in receiver.requests if one.path == "/respostas"]) == 64
