"""Every hospital event's own example as a result to export, in every state a result can be in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from handlers.registry import load_domains, load_handlers, load_readbacks
from shared.domain import Domain, Event
from shared.fhir.export_case import Acknowledgement, Alert, ExportCase
from shared.findings import AVISO_SEM_AGENTES, Avaliacao, Gravidade, Resultado, Revisao
from tests.unit.crews.support import RecordingRun

DOMAINS = load_domains(["handlers"])
EVENTS = [f"{key}.{event.name}" for key, domain in DOMAINS.items() for event in domain.events]
STATES = ("pendente", "aceito", "editado", "rejeitado")
FINISHED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DECIDED = FINISHED + timedelta(hours=1)
_PROVENANCE: dict[str, Any] = {
    "modelo": "offline-deterministico",
    "provedor": "offline",
    "modelos": [
        {
            "provedor": "offline",
            "modelo": "offline-deterministico",
            "implantacao": "unico",
            "chamadas": 3,
            "custo_microusd": 42,
        }
    ],
    "contingencia": False,
    "versao_prompt": "exames.hemograma/3",
    "hash_prompt": "a" * 64,
    "hash_entrada": "b" * 64,
    "versoes_tabelas": {},
    "tokens": {"prompt": 1200, "completion": 300, "calls": 3},
    "custo_microusd": 42,
}
_SEEN = Acknowledgement("Enf. Rosa Fictícia, COREN-SP 123456", FINISHED, "médico avisado")
DRAFT = {"texto": "Um <b>achado</b> & outro [A1].\nSegunda linha [A1].", "citacoes": ["A1"], "agentes": ["revisor"]}


def named(name: str) -> tuple[Domain, Event]:
    key, _, event_name = name.partition(".")
    event = DOMAINS[key].event(event_name)
    assert event
    return DOMAINS[key], event


@cache
def _rules_only(name: str, refused: bool) -> tuple[Any, Any, dict[str, Any]]:
    domain, event = named(name)
    body = {**event.example, **event.path_example}
    if refused:
        body["paciente"] = {**body["paciente"], "recusa_ia": True}
    request = event.request.model_validate(body)
    if "paciente" not in event.request.model_fields:
        return request, _FILE, _envelope(_FILE)
    evaluation = load_handlers(domain, ["handlers"])[event.name].evaluate(request, RecordingRun())
    return request, evaluation, _envelope(evaluation)


def _envelope(evaluation: Avaliacao) -> dict[str, Any]:
    result = Resultado(
        **evaluation.model_dump(include={"achados", "calculos", "dados_faltantes", "nao_avaliado", "versoes_tabelas"}),
        parecer=None,
        revisao=Revisao(),
        proveniencia=None,
        aviso=AVISO_SEM_AGENTES,
    )
    return result.model_dump(mode="json")


def _file_read() -> Avaliacao:
    """What an ingestion says; its own rules need a store."""
    evaluation = Avaliacao(calculos={"formato": "csv", "arquivo_sha256": "0" * 64, "linhas_lidas": 4, "vazio": ""})
    evidence: dict[str, Any] = {"linhas": [4, 5], "motivo": "cpf_invalido", "nada": None, "vazio": {}}
    evaluation.anotar("linhas_rejeitadas", Gravidade.ATENCAO, "2 linhas rejeitadas.", evidence, "regra local", "ing/1")
    return evaluation


_FILE = _file_read()


def case_of(
    name: str,
    state: str = "pendente",
    *,
    ai: bool = True,
    degraded: bool = False,
    refused: bool = False,
    seen: bool = False,
) -> ExportCase:
    """`ai`: a crew wrote an opinion, withdrawn when rejected; `seen`: somebody acknowledged the alerts."""
    domain, event = named(name)
    request, evaluation, result = _rules_only(name, refused)
    review: dict[str, Any] = {
        "estado": state,
        "conselho": None,
        "registro": None,
        "uf": None,
        "motivo": None,
        "em": None,
    }
    if state != "pendente":
        review |= {"conselho": "CRM", "registro": "123456", "uf": "SP", "em": DECIDED}
    opinion = DRAFT if ai and state != "rejeitado" else None
    standing = {"parecer": opinion, "proveniencia": _PROVENANCE if ai else None, "revisao": review}
    alerts = [Alert(f.id, f.id, f.codigo, f.descricao, FINISHED, _SEEN if seen else None) for f in evaluation.criticos]
    return ExportCase(
        task_id="0199aaaa-0000-7000-8000-000000000001",
        run=1,
        domain=domain.key,
        event=event.name,
        title=event.summary,
        finished_at=FINISHED,
        degraded=degraded,
        error="model_unavailable" if degraded else None,
        result={**result, **standing},
        alerts=alerts,
        tables=evaluation.versoes_tabelas,
        request=request,
        readback=load_readbacks(domain, ["handlers"])[event.name],
    )
