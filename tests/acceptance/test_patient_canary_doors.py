"""Documents, files, alerts, reviews and timelines let no identifier out either, accepted or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest

from dev.ports import free_ports
from dev.rabbitmq_node import RabbitNode
from shared.interop import FHIR_JSON, HL7_V2
from shared.messaging.topology import QUORUM, RESULTS_QUEUE
from tests.acceptance.broker import Vhost
from tests.acceptance.canaries import CPF, FREE_TEXT, NAME, assert_clean, planted_bundle, planted_message
from tests.acceptance.hospital import DOMAINS
from tests.integration.mllp.process import Listener, listener_process
from tests.llmock.server import MockProvider, running
from tests.platform import Platform, eventually
from tests.receiver import SECRET, Receiver, receiving

USED = ("exames", "ingestao")
HEMOGRAM = "/api/exames/hemograma"
WRONG_CPF = CPF[:-1] + "9"
SIGNER = {"conselho": "CRM", "registro": "123456", "uf": "SP"}
ROWS = f"nome;cpf;data_nascimento;{NAME}\n{NAME};{CPF};1981-03-14;{FREE_TEXT}\n{NAME};{WRONG_CPF};{NAME};=1+1\n"
CONTACTS = """
endpoints.plantonista = {{url = "http://127.0.0.1:{port}/plantonista", secret = "{secret}"}}
egress = [{{host = "127.0.0.1", ports = [{port}], schemes = ["http"]}}]
escalation = {{exames = ["plantonista"]}}
"""


@pytest.fixture(scope="module")
def mock() -> MockProvider:
    return MockProvider()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def results(rabbit: RabbitNode) -> Vhost:
    connection = pika.BlockingConnection(pika.URLParameters(rabbit.url("admin", DOMAINS["exames"].vhost)))
    connection.channel().queue_declare(RESULTS_QUEUE, durable=True, arguments=QUORUM)
    connection.close()
    for domain in USED:
        Vhost(rabbit, DOMAINS[domain].vhost).empty()
    return Vhost(rabbit, DOMAINS["exames"].vhost)


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode,
    results: Vhost,
    receiver: Receiver,
    module_postgres_url: str,
    mock: MockProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("doors")
    contacts = folder / "contacts.toml"
    contacts.write_text(CONTACTS.format(port=receiver.port, secret=SECRET))
    settings = {
        "MODEL_PROVIDER": "openai_compatible",
        "MODEL_NAME": "llmock",
        "DOMAIN__EXAMES__RESULTS": "true",
        "CONTACTS_FILE": str(contacts),
        "FILES_DIR": str(folder / "files"),
        "LOG_LEVEL": "DEBUG",
        "WORKER_METRICS_PORT": str(free_ports(1)[0]),
    }
    with running(mock) as url:
        made = Platform(rabbit, module_postgres_url, folder, "pika", MODEL_BASE_URL=url, **settings)
        try:
            made.start_api()
            made.start_workers("--domains", ",".join(USED), wait_for=USED)
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def listener(platform: Platform, module_postgres_url: str) -> Iterator[Listener]:
    with listener_process(module_postgres_url, platform.folder) as made:
        yield made


def test_no_identifier_leaves_by_the_other_doors(
    platform: Platform, listener: Listener, receiver: Receiver, results: Vhost, mock: MockProvider
) -> None:
    tasks = _documents(platform, listener)
    loaded = _file(platform)
    _decisions(platform, tasks[0])
    _timelines(platform)

    # A critical value of each of the three left by both ways.
    eventually(
        lambda: {one.data["task_id"] for one in receiver.at("/plantonista")} >= set(tasks), "everybody is called"
    )
    events = eventually(lambda: len(found := results.look(RESULTS_QUEUE)) >= 2 * len(tasks) and found, "events are out")
    for properties, body in events:
        assert_clean(f"{body.decode()} {properties}", "an event on the broker")
    for sent in receiver.requests:
        assert_clean(f"{sent.body.decode()} {sent.headers}", "a callback")
    assert mock.requests
    assert_clean(json.dumps(mock.requests, ensure_ascii=False), "a prompt")
    for port in (platform.setting("WORKER_METRICS_PORT"), listener.metrics_port):
        assert_clean(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text, "metrics of a worker")
    for url in ("/metrics", "/health", "/api/queues"):
        assert_clean(platform.client.get(url).text, url)
    for task in [*tasks, loaded]:
        with platform.client.stream("GET", f"/api/tasks/{task}/events") as stream:
            assert_clean(stream.read().decode(), "a timeline of a task")
        assert_clean(json.dumps(platform.view(task)["result"]["achados"], ensure_ascii=False), "a finding")
    assert_clean(platform.full_log(), "a log line")
    assert all(json.loads(line)["event"] for line in platform.full_log().splitlines())


def _documents(platform: Platform, listener: Listener) -> list[str]:
    """One hemogram by each door, and by each one that is refused. The three tasks."""
    bundle = platform.client.post(HEMOGRAM, content=planted_bundle(), headers={"Content-Type": FHIR_JSON})
    message = platform.client.post(
        HEMOGRAM, content=planted_message(), headers={"Content-Type": HL7_V2, "Accept": "application/json"}
    )
    assert (bundle.status_code, message.status_code) == (202, 202)
    reports = [answer.json()["mapeamento"] for answer in (bundle, message)]
    assert all(report["nao_compreendidos"] for report in reports)
    assert_clean(json.dumps(reports, ensure_ascii=False), "a report")
    acknowledged = listener.send(planted_message())
    assert acknowledged.segment("MSA").text(1) == "AA"

    for answer in (
        platform.client.post(HEMOGRAM, content=planted_bundle(birthDate=NAME), headers={"Content-Type": FHIR_JSON}),
        platform.client.post(HEMOGRAM, content=planted_bundle(gender="other"), headers={"Content-Type": FHIR_JSON}),
        platform.client.post(HEMOGRAM, content=planted_bundle()[:-9], headers={"Content-Type": FHIR_JSON}),
        *(_refused(platform, accept) for accept in ("*/*", "application/json")),
    ):
        assert answer.status_code == 422, answer.text
        assert_clean(answer.text, "a refusal")
    refused = listener.send(planted_message(("|19810314|F", f"|{NAME}|{NAME}")))
    assert refused.segment("MSA").text(1) == "AE"
    assert_clean(str([list(segment.fields) for ack in (acknowledged, refused) for segment in ack.segments]), "an ACK")
    kept = platform.client.get("/api/rejected").json()["items"]
    assert kept
    assert_clean(json.dumps([one | {"body_base64": ""} for one in kept], ensure_ascii=False), "a reason")
    made = [
        bundle.json()["task_id"],
        message.json()["task_id"],
        acknowledged.segment("MSA").text(3),
    ]
    assert [platform.finished(task)["status"] for task in made] == ["completed"] * 3
    return made


def _refused(platform: Platform, accept: str) -> httpx.Response:
    content = planted_message(("|19810314|F", f"|{NAME}|{NAME}"))
    return platform.client.post(HEMOGRAM, content=content, headers={"Content-Type": HL7_V2, "Accept": accept})


def _file(platform: Platform) -> str:
    """A file with a row that is rejected and a column named like a patient; an upload that is refused. The task."""
    sent = platform.client.post("/api/uploads", files={"file": (f"{NAME}.csv", ROWS, "text/csv")})
    assert sent.status_code == 201
    not_text = platform.client.post("/api/uploads", files={"file": (f"{NAME}.csv", b"\x7fELF\0" * 9, "text/csv")})
    stranger = platform.client.post("/api/uploads", files={"file": ("a.csv", ROWS)}, data={NAME: CPF})
    body = {"formato": "csv", "origem": "recepção", "arquivo": sent.json()["id"]}
    unmapped = platform.client.post("/api/ingestao/pacientes", json=body | {"mapeamento": {NAME.split()[0]: [CPF]}})
    for answer in (not_text, stranger, unmapped):
        assert answer.status_code // 100 == 4
        assert_clean(answer.text, "a refusal of a file")
    task = platform.submit("/api/ingestao/pacientes", body)
    figures = platform.finished(task)["result"]
    assert (figures["calculos"]["linhas_inseridas"], figures["calculos"]["linhas_rejeitadas"]) == (1, 1)
    assert_clean(json.dumps(figures, ensure_ascii=False), "the result of a load")
    return task


def _decisions(platform: Platform, task: str) -> None:
    """An alert is taken and a result signed in words that name the patient."""

    def post(path: str, **body: Any) -> httpx.Response:
        return platform.client.post(f"/api/tasks/{task}/{path}", json=SIGNER | body)

    alert = platform.view(task)["alerts"][0]["id"]
    assert post(f"alerts/{alert}/ack", nota=FREE_TEXT).status_code == 200
    assert post("review", decisao="rejeitado", motivo=f"{NAME}: {FREE_TEXT}").status_code == 201
    for answer in (post("review", decisao=NAME, motivo=CPF), post(f"alerts/{alert}/ack", conselho=NAME, nota=[CPF])):
        assert answer.status_code // 100 == 4
        assert_clean(answer.text, "a refusal of a decision")


def _timelines(platform: Platform) -> None:
    found = platform.client.get(f"/api/pacientes/{CPF}/linha-do-tempo")
    assert len(found.json()["items"]) == 3
    assert_clean(found.text, "a timeline of a patient")
    wrong = platform.client.get(f"/api/pacientes/{WRONG_CPF}/linha-do-tempo")
    assert wrong.status_code == 422
    assert WRONG_CPF not in wrong.text
    assert_clean(platform.client.get(f"/api/pacientes/{CPF}/nada").text, "an unknown address")
    assert WRONG_CPF not in platform.full_log()
