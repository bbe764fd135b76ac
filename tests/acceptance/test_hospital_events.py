"""Every hospital event's own example, end to end with its real crew and the offline model. On both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.hospital import CREWED, DOMAINS, assert_envelope, assert_opinion, example, examples
from tests.acceptance.timeline import kinds
from tests.fixtures.hl7 import HEMOGRAM, read_message
from tests.integration.mllp.process import listener_process
from tests.platform import Platform

NAMES = [found.name for found in examples() if found.name in CREWED]


@pytest.fixture(scope="module")
def platform(
    engine: str, rabbit: RabbitNode, module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    for domain in DOMAINS.values():
        Vhost(rabbit, domain.vhost).empty()
    folder = tmp_path_factory.mktemp(f"hospital-{engine}")
    running = Platform(rabbit, module_postgres_url, folder, engine)
    try:
        running.start_api()
        running.start_workers("--domains", ",".join(DOMAINS), wait_for=tuple(DOMAINS))
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def views(platform: Platform) -> dict[str, dict[str, Any]]:
    """All examples at once, as on a busy morning; each one's view at its end."""
    accepted = {found.name: platform.submit(found.url, found.body) for found in examples()}
    return {name: platform.finished(task) for name, task in accepted.items()}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_becomes_a_draft_that_cites_its_findings(views: dict[str, dict[str, Any]], name: str) -> None:
    view = views[name]
    assert (view["status"], view["degraded"], view["error"], view["review"]) == ("completed", False, None, "pendente")
    assert f"{view['domain']}.{view['event']}" == name
    assert_envelope(view["result"])
    assert_opinion(view["result"], provider="offline")
    assert view["result"]["proveniencia"]["modelo"] == "offline-deterministico"
    assert view["findings"]["achados"] == view["result"]["achados"]
    critical = [finding["id"] for finding in view["result"]["achados"] if finding["gravidade"] == "critico"]
    assert [alert["achado"] for alert in view["alerts"]] == critical
    assert view["progress"]["done"] == view["progress"]["total"] > 0


def test_agents_do_not_speak_without_a_finding(platform: Platform) -> None:
    found = example("exames.exame")
    found.body["urgencia"] = False
    view = platform.finished(platform.submit(found.url, found.body))
    assert (view["status"], view["degraded"]) == ("completed", False)
    assert_envelope(view["result"])
    assert (view["result"]["achados"], view["result"]["parecer"], view["result"]["proveniencia"]) == ([], None, None)
    assert view["result"]["nao_avaliado"]


def test_the_hemogram_says_what_the_laboratory_needs(views: dict[str, dict[str, Any]]) -> None:
    view = views["exames.hemograma"]
    codes = {finding["codigo"] for finding in view["result"]["achados"]}
    assert view["alerts"] and {alert["codigo"] for alert in view["alerts"]} <= codes
    assert len(view["result"]["parecer"]["agentes"]) == 3


def test_the_timeline_names_the_agents(platform: Platform, views: dict[str, dict[str, Any]]) -> None:
    lines = kinds(platform.client, views["exames.hemograma"]["task_id"])
    assert lines.index("alert") < lines.index("agent_started")
    assert lines.count("agent_started") == lines.count("agent_completed") == 3


@pytest.mark.parametrize("name", ["exames.hemograma", "clinico.consulta", "opme.protese"])
def test_a_patient_who_refuses_ai_meets_rules_and_no_agent(platform: Platform, name: str) -> None:
    found = example(name)
    found.body["paciente"]["recusa_ia"] = True
    task = platform.submit(found.url, found.body)
    view = platform.finished(task)
    assert (view["status"], view["degraded"]) == ("completed", False)
    assert_envelope(view["result"])
    assert (view["result"]["parecer"], view["result"]["proveniencia"]) == (None, None)
    assert {"agent_started", "tool_used", "model_call"}.isdisjoint(kinds(platform.client, task))


def test_a_hemogram_over_mllp_has_the_findings_of_the_native_one(platform: Platform, tmp_path: Path) -> None:
    """The message is the domain's own example, without what an ORU^R01 has no place for."""
    native = example("exames.hemograma")
    native.body.pop("anterior", None)
    for field in ("peso_kg", "altura_cm"):
        native.body["paciente"].pop(field)
    with listener_process(platform.database_url, tmp_path) as listener:
        answer = listener.send(read_message(HEMOGRAM))
    assert answer.segment("MSA").text(1) == "AA"
    read = platform.finished(answer.segment("MSA").text(3))
    asked = platform.finished(platform.submit(native.url, native.body))
    assert read["status"] == asked["status"] == "completed"
    assert read["findings"]["achados"] == asked["findings"]["achados"] != []
    assert [alert["codigo"] for alert in read["alerts"]] == [alert["codigo"] for alert in asked["alerts"]] != []


def test_an_official_client_asks_a_crew(platform: Platform) -> None:
    question: Any = {
        "model": "crew:exames.hemograma",
        "messages": [{"role": "user", "content": json.dumps(example("exames.hemograma").body)}],
    }
    with openai.OpenAI(base_url=f"{platform.client.base_url}/v1", api_key="sk-teste") as client:
        answer = client.chat.completions.create(**question)
        chunks = list(client.chat.completions.create(**question, stream=True))
    about = answer.model_extra["plantao"]
    assert about["alerts"] and not about["degraded"]
    result = platform.client.get(about["status_url"]).json()["result"]
    assert_envelope(result)
    assert_opinion(result, "offline")
    text = answer.choices[0].message.content
    assert text == f"{result['parecer']['texto']}\n\n{result['aviso']}"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
    assert answer.usage.completion_tokens == result["proveniencia"]["tokens"]["completion"]
