"""A morning on the running platform: admission before discharge, urgent first, and a patient's whole timeline."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
import pytest

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.hospital import DOMAINS, example
from tests.platform import Platform, eventually

CPF, CNS = "390.533.447-05", "298259791900002"


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode, module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """Its API only: the workers start when everything waits. Exams are worked on one by one, the ward side by side."""
    for domain in DOMAINS.values():
        Vhost(rabbit, domain.vhost).empty()
    concurrency = {"DOMAIN__EXAMES__CONCURRENCY": "1", "DOMAIN__CLINICO__CONCURRENCY": "8"}
    made = Platform(rabbit, module_postgres_url, tmp_path_factory.mktemp("patients"), "pika", **concurrency)
    try:
        made.start_api()
        made.wait_connected()
        yield made
    finally:
        made.close()


def body_for(name: str, cpf: str | None, cns: str | None, **changes: Any) -> dict[str, Any]:
    body = copy.deepcopy(example(name).body)
    patient = {key: value for key, value in body["paciente"].items() if key not in ("cpf", "cns")}
    names = {"cpf": cpf, "cns": cns, "prontuario": f"PRT-{cpf or cns}"}
    return body | {"paciente": patient | {key: value for key, value in names.items() if value}} | changes


def moment(view: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(view[name])


def test_a_morning_on_the_ward(platform: Platform, rabbit: RabbitNode) -> None:
    exams = example("exames.exame").url
    others = [
        platform.submit(exams, body_for("exames.exame", cpf, None, urgencia=False))
        for cpf in ("529.982.247-25", "111.444.777-35", "123.456.789-09")
    ]
    urgent = platform.submit(exams, body_for("exames.exame", CPF, CNS, urgencia=True))
    admission = platform.submit(example("clinico.internacao").url, body_for("clinico.internacao", CPF, None))
    discharge = platform.submit(example("clinico.alta").url, body_for("clinico.alta", CPF, None))
    foreign = {"event": "hemograma", "payload": body_for("exames.hemograma", None, CNS), "id": "lab-1"}
    lab = Vhost(rabbit, "fluxo_exams")
    # Confirmed, each in its turn. Nobody looks into the queue: what is given back may change its place.
    waiting = (*others, urgent)
    eventually(lambda: {platform.view(task)["status"] for task in waiting} == {"queued"}, "every exam's message waits")
    lab.publish(orjson.dumps(foreign))

    platform.start_workers("--domains", "clinico,exames", wait_for=("clinico", "exames"))
    views = {task_id: platform.finished(task_id) for task_id in (*others, urgent, admission, discharge)}

    assert {view["status"] for view in views.values()} == {"completed"}
    assert all(moment(views[urgent], "started_at") < moment(views[other], "started_at") for other in others)
    assert "overtook" in platform.timeline(urgent)
    assert [kinds.count("overtaken") for kinds in map(platform.timeline, others)] == [1, 0, 0]
    assert moment(views[discharge], "started_at") >= moment(views[admission], "finished_at")
    assert "waiting" in platform.timeline(discharge)

    whole = eventually(lambda: (ids := seen(platform, CNS))[3:] and ids, "the lab's is a task")
    assert {discharge, admission, urgent} < set(whole)
    assert seen(platform, CPF) == seen(platform, f"prontuario:PRT-{CPF}") == whole
    for identifier in (CPF, CPF.replace(".", "").replace("-", ""), CNS, "PRT-390"):
        assert identifier not in platform.full_log()


def seen(platform: Platform, patient: str) -> list[str]:
    answer = platform.client.get(f"/api/pacientes/{patient}/linha-do-tempo")
    assert answer.status_code == 200, answer.text
    return [item["task_id"] for item in answer.json()["items"]]
