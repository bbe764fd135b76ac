"""Critical values do not wait: with a model that never answers, the alert leaves, is called out again, and is taken."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from dev.rabbitmq_node import RabbitNode
from shared.messaging.topology import QUORUM, RESULTS_QUEUE
from tests.acceptance.broker import Message, Vhost
from tests.acceptance.hospital import DOMAINS, example
from tests.acceptance.timeline import follow
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider, running
from tests.platform import Platform, eventually
from tests.receiver import OFTEN, SECRET, Receiver, receiving

VHOST = DOMAINS["exames"].vhost
PERSON = {"conselho": "CRM", "registro": "123456", "uf": "SP", "nota": "Paciente Secreto avisado"}
CONTACTS = """
[endpoints.plantonista]
url = "http://127.0.0.1:{port}/plantonista"
secret = "{secret}"
[endpoints.coordenacao]
url = "http://127.0.0.1:{port}/coordenacao"
secret = "{secret}"
[endpoints.laboratorio]
url = "http://127.0.0.1:{port}/laboratorio"
secret = "{secret}"
[[egress]]
host = "127.0.0.1"
ports = [{port}]
schemes = ["http"]
[escalation]
exames = ["plantonista", "coordenacao"]
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def vhost(rabbit: RabbitNode) -> Vhost:
    """The vhost of `exames` with the queue that an operator declares when results are wanted there."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbit.url("admin", VHOST)))
    connection.channel().queue_declare(RESULTS_QUEUE, durable=True, arguments=QUORUM)
    connection.close()
    made = Vhost(rabbit, VHOST)
    made.empty()
    return made


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode,
    vhost: Vhost,
    receiver: Receiver,
    module_postgres_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("alerts")
    contacts = folder / "contacts.toml"
    contacts.write_text(CONTACTS.format(port=receiver.port, secret=SECRET))
    with running(MockProvider(plan=FaultPlan("stall"))) as model:
        made = Platform(
            rabbit,
            module_postgres_url,
            folder,
            "pika",
            MODEL_PROVIDER="openai_compatible",
            MODEL_BASE_URL=model,
            DOMAIN__EXAMES__RESULTS="true",
            CONTACTS_FILE=str(contacts),
            ALERT_ESCALATE_AFTER_S="[1.0, 3600.0]",
            WORKER_DRAIN_S="0",  # the crews hang for ever
            DELIVERY_TIMEOUT_S="2.0",
            DELIVERY_RETRY_S=OFTEN,
        )
        try:
            made.start_api()
            made.start_workers("--domains", "exames", wait_for=("exames",))
            yield made
        finally:
            made.close()


def critical(platform: Platform) -> str:
    """A hemogram with one critical value, whose crew will wait for its model for ever."""
    found = example("exames.hemograma")
    return platform.submit(found.url, found.body)


def alert_of(platform: Platform, task: str) -> dict[str, Any]:
    """The task's first alert, once it is raised."""
    return eventually(lambda: platform.view(task)["alerts"], "the alert is raised")[0]


def called(receiver: Receiver, contact: str, task: str, alert: str) -> list[str]:
    """Ids of what the contact was sent about this alert."""
    return [one.id for one in receiver.at(f"/{contact}", task) if one.data["alert"]["id"] == alert]


def acknowledge(platform: Platform, task: str, alert: str, **changes: Any) -> Any:
    return platform.client.post(f"/api/tasks/{task}/alerts/{alert}/ack", json=PERSON | changes)


def events_of(vhost: Vhost, task: str) -> list[Message]:
    return [one for one in vhost.look(RESULTS_QUEUE) if json.loads(one[1])["task_id"] == task]


def test_the_alert_leaves_while_the_model_hangs(platform: Platform, receiver: Receiver, vhost: Vhost) -> None:
    task = critical(platform)
    alert = alert_of(platform, task)
    eventually(lambda: called(receiver, "plantonista", task, alert["id"]), f"a call\n{platform.log('workers')}")
    (properties, body), *_ = eventually(lambda: events_of(vhost, task), "the event on the broker")
    view = platform.view(task)
    assert (view["status"], view["result"]) == ("running", None)
    assert (alert["estado"], alert["codigo"]) == ("aberto", "critico_plaquetas")
    assert properties.headers["ce-type"] == "plantao.exames.hemograma.alert"
    assert properties.headers["ce-id"] == properties.message_id
    assert json.loads(body)["alert"]["codigo"] in {one["codigo"] for one in view["alerts"]}
    sent = receiver.at("/plantonista", task)[0]
    assert sent.data["status_url"] == f"/api/tasks/{task}"
    patient = example("exames.hemograma").body["paciente"]
    for text in (sent.body.decode(), body.decode()):
        assert not [value for value in (patient["nome"], patient["prontuario"], alert["descricao"]) if value in text]


def test_nobody_answers_the_next_contact_is_called_until_somebody_does(platform: Platform, receiver: Receiver) -> None:
    taken, left = critical(platform), critical(platform)
    alert = alert_of(platform, taken)["id"]
    eventually(lambda: called(receiver, "coordenacao", taken, alert), "the second contact is called")
    assert len(set(called(receiver, "plantonista", taken, alert))) == 1
    answer = acknowledge(platform, taken, alert)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["estado"], answer.json()["reconhecido_por"]) == ("reconhecido", "CRM-SP 123456")
    assert answer.json()["proximo_contato_em"] is None
    assert acknowledge(platform, taken, alert).json() == answer.json()
    assert acknowledge(platform, taken, alert, registro="999").status_code == 409
    assert acknowledge(platform, taken, "A999").status_code == 404
    listed = platform.client.get("/api/alerts", params={"limit": 200}).json()["items"]
    assert left in {one["task_id"] for one in listed}
    assert (taken, alert) not in {(one["task_id"], one["id"]) for one in listed}
    platform.client.post(f"/api/tasks/{taken}/cancel")
    platform.finished(taken)

    def lines() -> set[tuple[str, Any]]:
        return {(line.kind, line.data.get("id")) for line in follow(platform.client, taken)}

    assert {("alert", alert), ("escalated", alert), ("acknowledged", alert)} <= lines()
    eventually(lambda: "delivered" in {kind for kind, _ in lines()}, "the deliverer has written down its success")
    assert "Secreto" not in platform.full_log()


def test_a_foreign_system_is_told_at_its_callback(platform: Platform, receiver: Receiver, vhost: Vhost) -> None:
    payload = example("exames.hemograma").body
    payload["paciente"]["recusa_ia"] = True  # rules only: it ends although no model answers
    body = {"event": "hemograma", "payload": payload, "id": "pedido-1", "reply_to": "laboratorio"}
    vhost.publish(json.dumps(body).encode())

    def ended() -> list[dict[str, Any]]:
        return [one.data for one in receiver.at("/laboratorio") if one.data.get("status")]

    told, *_ = eventually(ended, f"the end is told\n{platform.log('workers')}")
    assert (told["status"], told["degraded"]) == ("completed", False)
    assert {one.data["task_id"] for one in receiver.at("/laboratorio")} == {told["task_id"]}
    alerts = {one["id"] for one in platform.view(told["task_id"])["alerts"]}

    def named() -> set[str]:
        return {one.data["alert"]["id"] for one in receiver.at("/laboratorio") if "alert" in one.data}

    def kinds() -> set[str]:
        return {message[0].headers["ce-type"].rpartition(".")[2] for message in events_of(vhost, told["task_id"])}

    # Each goes its own way: the end may arrive before the alerts, and a callback before the broker's copy.
    eventually(lambda: named() == alerts, "every alert is told, and no other")
    eventually(lambda: kinds() == {"alert", "completed"}, "both are on the broker")


def test_a_deliverer_killed_in_the_middle_costs_nothing(platform: Platform, receiver: Receiver) -> None:
    receiver.open.clear()
    task = critical(platform)
    alert = alert_of(platform, task)["id"]
    first, *_ = eventually(lambda: called(receiver, "plantonista", task, alert), "the first attempt hangs")
    (deliverer,) = [pid for pid, name in platform.children().items() if name == "plantao relay"]
    os.kill(deliverer, signal.SIGKILL)
    eventually(lambda: deliverer not in platform.children(), "the deliverer is dead")
    before = len(called(receiver, "plantonista", task, alert))
    receiver.open.set()
    again = eventually(lambda: called(receiver, "plantonista", task, alert)[before:], "sent again by its successor")
    assert set(again) == {first}
