"""Real crews against the mock provider: what comes out, what is sent, how they stop."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from handlers.crew_runner import GUARDRAIL_RETRIES, run_crew
from handlers.crew_runtime.guardrail import CitationRules
from handlers.crew_runtime.spec import CrewSpec
from shared.errors import DeadlineExceeded, ModelRefused, ModelUnavailable, TaskCancelled
from shared.llm.blocking import BlockingGateway
from shared.privacy.identifiers import Identifiers
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider
from tests.unit.crews.support import RecordingRun, case_with

AGENTS = ["analista_laboratorial", "hematologista", "revisor_critico"]
CALLS = 4  # tools, then the analyst's, the haematologist's and the reviewer's text


def in_order(run: RecordingRun) -> list[tuple[str, dict[str, Any]]]:
    """crewai's listeners run on a pool: `sequence` is what orders their steps."""
    return sorted((step for step in run.steps if "sequence" in step[1]), key=lambda step: step[1]["sequence"])


def test_opinion_and_provenance(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun
) -> None:
    case = case_with("6.8")
    opinion, provenance = run_crew(hemogram_crew, case, run, gateway)
    assert "Hemoglobina de 6.8 g/dL" in opinion.texto
    assert CitationRules(case.evaluation).faults(opinion.texto) == []
    assert opinion.citacoes == ["A1", "A2"]
    assert opinion.agentes == AGENTS
    assert len(provider.requests) == CALLS
    assert provenance.tokens["calls"] == CALLS
    assert provenance.tokens["prompt"] > 0
    assert (provenance.modelo, provenance.provedor) == ("llmock", "openai_compatible")
    assert [(used.implantacao, used.chamadas) for used in provenance.modelos] == [("unico", CALLS)]
    assert not provenance.contingencia
    assert provenance.hash_prompt == hemogram_crew.prompt_hash
    assert provenance.versoes_tabelas == {"hemograma": "2026-01"}


def test_the_first_agent_really_calls_its_tools(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun
) -> None:
    run_crew(hemogram_crew, case_with("6.8"), run, gateway)
    first, second = provider.requests[:2]
    offered = [tool["function"]["name"] for tool in first["tools"]]
    assert offered == ["consultar_achados", "consultar_calculos", "consultar_dados_faltantes"]
    assert "6.8" not in json.dumps(first["messages"])
    results = [json.loads(message["content"]) for message in second["messages"] if message["role"] == "tool"]
    assert results[0]["achados"][0]["evidencia"] == {"hemoglobina": "6.8"}
    assert [data["tool"] for kind, data in in_order(run) if kind == "tool_used"] == offered


def test_timeline_names_agents_and_holds_no_text(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, run: RecordingRun
) -> None:
    run_crew(hemogram_crew, case_with("6.8"), run, gateway)
    assert [data["agent"] for kind, data in in_order(run) if kind == "agent_completed"] == AGENTS
    assert (3, 3, "revisor_critico") in run.reported
    assert len([1 for kind, _ in run.steps if kind == "model_call"]) == CALLS
    assert "Hemoglobina" not in json.dumps(run.steps)


def test_offline_model_says_what_it_is(hemogram_crew: CrewSpec, offline: BlockingGateway, run: RecordingRun) -> None:
    opinion, provenance = run_crew(hemogram_crew, case_with("6.8"), run, offline)
    assert "sem uso de modelo de linguagem" in opinion.texto
    assert provenance.provedor == "offline"
    assert opinion.citacoes == ["A1", "A2"]


def test_concurrent_crews_keep_patients_apart(hemogram_crew: CrewSpec, gateway: BlockingGateway) -> None:
    values = [f"{n}.{n}" for n in range(1, 9)]
    together = threading.Barrier(len(values))

    def one(value: str) -> str:
        together.wait(60)
        return run_crew(hemogram_crew, case_with(value), RecordingRun(), gateway)[0].texto

    with ThreadPoolExecutor(len(values)) as pool:
        texts = list(pool.map(one, values))
    for value, text in zip(values, texts, strict=True):
        assert f"Hemoglobina de {value} g/dL" in text
        assert not any(f"Hemoglobina de {other} g/dL" in text for other in values if other != value)


@pytest.mark.parametrize("why", [TaskCancelled(), DeadlineExceeded()])
def test_interrupting_a_stalled_call_ends_the_crew(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun, why: Exception
) -> None:
    provider.plan = FaultPlan("stall")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_crew, hemogram_crew, case_with("6.8"), run, gateway)
        assert provider.received.wait(60)
        run.interrupt(why)
        with pytest.raises(type(why)):
            running.result(60)
    assert provider.abandoned.wait(60), "the connection to the provider was left open"
    assert len(provider.requests) == 1


def test_a_run_interrupted_before_it_starts_asks_nothing(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun
) -> None:
    run.interrupt()
    with pytest.raises(TaskCancelled):
        run_crew(hemogram_crew, case_with("6.8"), run, gateway)
    assert provider.requests == []


@pytest.mark.parametrize("fault", ["429", "500", "503", "bad_json", "truncate", "empty", "no_choices", "no_finish"])
def test_a_provider_in_trouble_is_unavailable(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun, fault: Any
) -> None:
    provider.plan = FaultPlan(fault)
    with pytest.raises(ModelUnavailable) as caught:
        run_crew(hemogram_crew, case_with("6.8"), run, gateway)
    assert len(provider.requests) == 1, "crewai retried behind the gateway's back"
    assert caught.value.__cause__ is None
    assert "6.8" not in str(caught.value)


@pytest.mark.parametrize("fault", ["400", "401", "403", "404", "quota", "length"])
def test_a_provider_that_will_not_answer_is_refused(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun, fault: Any
) -> None:
    provider.plan = FaultPlan(fault)
    with pytest.raises(ModelRefused):
        run_crew(hemogram_crew, case_with("6.8"), run, gateway)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("fault", ["falsify", "uncited"])
def test_a_falsified_opinion_is_written_again(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun, fault: Any
) -> None:
    provider.plan = FaultPlan(fault, calls=CALLS)
    opinion, _ = run_crew(hemogram_crew, case_with("6.8"), run, gateway)
    assert "99,9" not in opinion.texto
    assert len(provider.requests) == CALLS + 1


@pytest.mark.parametrize("fault", ["falsify", "uncited"])
def test_a_model_that_keeps_falsifying_is_refused(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun, fault: Any
) -> None:
    provider.plan = FaultPlan(fault)
    with pytest.raises(ModelRefused, match="guardrail"):
        run_crew(hemogram_crew, case_with("6.8"), run, gateway)
    assert len(provider.requests) == CALLS + GUARDRAIL_RETRIES


def test_an_identifier_in_a_finding_stops_before_the_network(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun
) -> None:
    case = case_with("6.8 (Zuleide)", Identifiers(names=frozenset({"Zuleide Prates"})))
    with pytest.raises(ModelRefused, match="identificador"):
        run_crew(hemogram_crew, case, run, gateway)
    assert "Zuleide" not in json.dumps(provider.requests)


def test_nothing_is_written_to_disk(
    hemogram_crew: CrewSpec,
    offline: BlockingGateway,
    run: RecordingRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    run_crew(hemogram_crew, case_with("6.8"), run, offline)
    assert list(tmp_path.rglob("*")) == []
