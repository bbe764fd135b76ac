"""Every domain folder is complete: examples, handlers, crews, findings with their source."""

from __future__ import annotations

import ast
import re
from importlib import import_module

import pytest
import yaml

from handlers.crew_handler import CrewHandler
from handlers.exames.crew import CREWS
from handlers.registry import load_domains, load_handlers
from shared.domain import Domain, Event
from tests.architecture.sources import ROOT, tree
from tests.unit.crews.support import RecordingRun

DOMAINS = load_domains(["handlers"])
EVENTS = [
    pytest.param(domain, event, id=f"{key}.{event.name}") for key, domain in DOMAINS.items() for event in domain.events
]
# An event without a crew is rules alone, or a question that one model answers (docs/decisions/0021).
CREWED = [
    pytest.param(DOMAINS[file.parent.name], event, id=f"{file.parent.name}.{event}")
    for file in sorted((ROOT / "handlers").glob("*/tasks.yaml"))
    for event in yaml.safe_load(file.read_text())["events"]
]
# Ingestion's rules write to the register: tests/integration/register/test_examples.py holds them to the same.
RULES = [
    pytest.param(domain, event, id=f"{key}.{event.name}")
    for key, domain in DOMAINS.items()
    for event in domain.events
    if key not in ("ingestao", "conversas")
]
# The wire contract: vhost and path of every event, which other systems speak already.
CONTRACT = {
    "clinico": ("fluxo_clinico", {"consulta": "consulta/", "internacao": "internacao/", "alta": "alta/"}),
    "exames": ("fluxo_exams", {"exame": "", "hemograma": "hemograma/", "imagem": "imagem/{tipo_exame}"}),
    "opme": ("fluxo_opme", {"solicitacao": "", "protese": "protese/", "material": "material/"}),
    "ingestao": ("ingestao_dados", {"ingestao": "", "pacientes": "pacientes/", "medicos": "medicos/"}),
    "conversas": ("conversas", {"resposta": None}),
}


@pytest.mark.parametrize("key", CONTRACT)
def test_vhosts_and_paths_are_the_contract(key: str):
    domain = DOMAINS[key]
    assert (domain.vhost, {event.name: event.path for event in domain.events}) == CONTRACT[key]


@pytest.mark.parametrize("domain", [pytest.param(domain, id=key) for key, domain in DOMAINS.items()])
def test_a_folder_has_what_a_domain_needs(domain: Domain):
    folder = ROOT / "handlers" / domain.key
    crew = [(folder / name).exists() for name in ("crew.py", "agents.yaml", "tasks.yaml")]
    assert all(crew) or not any(crew)
    assert (folder / "__init__.py").exists()
    for name in ("domain.py", "handler.py", *(["crew.py"] if all(crew) else [])):
        assert ast.get_docstring(tree(folder / name))
    assert domain.title and re.fullmatch(r"[a-z]+", domain.key)


@pytest.mark.parametrize(("domain", "event"), EVENTS)
def test_the_example_validates_and_the_event_is_described(domain: Domain, event: Event):
    event.request.model_validate({**event.example, **event.path_example})
    assert set(event.path_fields) == set(event.path_example)
    assert not set(event.path_fields) & set(event.example)
    assert event.summary and event.request.__doc__
    assert event.request.model_config.get("extra") == "forbid"


def test_every_hospital_event_has_a_crew():
    asked = {
        f"{key}.{event}" for key, (_, events) in CONTRACT.items() for event, path in events.items() if path is not None
    }
    assert asked <= {crewed.id for crewed in CREWED}


@pytest.mark.parametrize(("domain", "event"), CREWED)
def test_every_crew_works_on_an_event_and_has_work_for_all(domain: Domain, event: str):
    assert isinstance(load_handlers(domain, ["handlers"])[event], CrewHandler)
    crew = import_module(f"handlers.{domain.key}.crew").CREWS[event]
    assert crew.tasks[0].tools, "the first agent has to fetch the facts itself"
    people = yaml.safe_load((ROOT / "handlers" / domain.key / "agents.yaml").read_text())["events"][event]
    assert set(crew.agents) == set(people)


def test_the_hemogram_has_its_crew_of_three():
    assert CREWS["hemograma"].agents == ("analista_laboratorial", "hematologista", "revisor_critico")


@pytest.mark.parametrize(("domain", "event"), RULES)
def test_every_finding_of_the_example_names_its_source(domain: Domain, event: Event):
    request = event.request.model_validate({**event.example, **event.path_example})
    evaluation = load_handlers(domain, ["handlers"])[event.name].evaluate(request, RecordingRun())
    assert evaluation.achados or evaluation.nao_avaliado
    assert [found.id for found in evaluation.achados] == [f"A{n}" for n, _ in enumerate(evaluation.achados, 1)]
    for found in evaluation.achados:
        assert found.fonte.strip() and found.versao_regra.strip(), found.codigo
        assert re.fullmatch(r"[a-z0-9_]+", found.codigo)
        assert found.descricao.endswith(".")


@pytest.mark.parametrize(("domain", "event"), RULES)
def test_rules_are_deterministic(domain: Domain, event: Event):
    request = event.request.model_validate({**event.example, **event.path_example})
    handler = load_handlers(domain, ["handlers"])[event.name]
    assert handler.evaluate(request, RecordingRun()) == handler.evaluate(request, RecordingRun())
