"""How a result came to be, as a record for the chart: FHIR R4 Provenance (CFM 2.454/2026; LGPD art. 20 and 37).

One per run. A run without agents (refused by the patient, degraded, nothing to say) has one too: it says that no text
of a model is in the result.
"""

from __future__ import annotations

from typing import Any

from shared.fhir import export_terms as terms
from shared.fhir.export_case import ExportCase
from shared.fhir.export_people import establishment, model, reviewer, software
from shared.fhir.export_report import report_name

RISK_CLASS = "alto"
"""CFM 2.454/2026 asks for the class of the use; ours is the house's reading, the strictest that is not forbidden ◇."""

_ACTIVITY = "Achados por regras determinísticas"
_OFFLINE = "O provedor offline monta o texto de forma determinística, sem modelo de linguagem."
_STAND_IN = "O modelo preferido não respondeu a todas as chamadas; outro da lista respondeu em seu lugar."
_REVIEWER_ROLE = {"aceito": "verifier", "editado": "author", "rejeitado": "verifier"}


def provenance(case: ExportCase) -> dict[str, Any]:
    """Who did what with which input, prompt and tables, and who answers for it."""
    used = case.result["proveniencia"]
    return terms.without_nothing(
        {
            "resourceType": "Provenance",
            "id": terms.urn(case.task_id, case.run, "proveniencia").removeprefix("urn:uuid:"),
            "text": terms.narrative(("Uso de inteligência artificial", [*_statement(case), case.result["aviso"]])),
            "extension": _extensions(case),
            "target": [{"reference": report_name(case), "identifier": terms.identifier(terms.TASK, case.task_id)}],
            "occurredDateTime": terms.instant(case.finished_at),
            "recorded": terms.instant(case.standing_at),
            "activity": terms.concept(text=_ACTIVITY + (" e parecer por IA" if used else "")),
            "agent": _agents(case),
            "entity": [_request_entity(case), *_prompt_entities(used), *_table_entities(case)],
        }
    )


def _statement(case: ExportCase) -> list[str]:
    used = case.result["proveniencia"]
    if used is not None:
        agents = (case.result["parecer"] or {}).get("agentes", [])
        return [
            f"Parecer redigido com IA: {used['modelo']} ({used['provedor']}), classe de risco {RISK_CLASS}.",
            *_others(used),
            *([_OFFLINE] if used["provedor"] == "offline" else []),
            *([f"Agentes: {', '.join(agents)}."] if agents else []),
            f"Decisão do profissional: {case.state}.",
        ]
    reason = "o paciente recusou o uso de IA" if case.patient_refused_ai else "somente regras determinísticas"
    if case.degraded:
        reason = f"a equipe de agentes não concluiu ({case.error or 'motivo não registrado'}); valem somente as regras"
    return [f"Nenhum texto de IA neste resultado: {reason}.", f"Decisão do profissional: {case.state}."]


def _others(used: dict[str, Any]) -> list[str]:
    """What a reader must know where more than the author of the text answered, or not the model that was meant."""
    author = (used["modelo"], used["provedor"])
    others = [f"{one['modelo']} ({one['provedor']})" for one in used["modelos"]
              if (one["modelo"], one["provedor"]) != author]  # fmt: skip
    said = [f"Outros modelos que participaram: {', '.join(others)}."] if others else []
    return [*said, _STAND_IN] if used["contingencia"] else said


def _extensions(case: ExportCase) -> list[dict[str, Any]]:
    used = case.result["proveniencia"]
    found = [
        terms.extension("execucao", valueInteger=case.run),
        terms.extension("uso-de-ia", valueBoolean=used is not None),
        terms.extension("recusa-de-ia-pelo-paciente", valueBoolean=case.patient_refused_ai),
        terms.extension("degradado", valueBoolean=case.degraded),
        terms.extension("revisao", valueCode=case.state),
        terms.extension("aviso", valueString=case.result["aviso"]),
    ]
    if used is None:
        return found
    counts = [{"url": name, "valueInteger": count} for name, count in used["tokens"].items()]
    return [
        *found,
        terms.extension("classe-de-risco", valueString=f"{RISK_CLASS} (CFM 2.454/2026)"),
        *([terms.extension("tokens", extension=counts)] if counts else []),
        terms.extension("custo-microdolares", valueInteger=used["custo_microusd"]),
    ]


def _agents(case: ExportCase) -> list[dict[str, Any]]:
    used, signer = case.result["proveniencia"], reviewer(case)
    place = establishment(case.request)
    found = [_agent("assembler", software(), place)]
    if used is not None:
        found += [_agent("author", model(one), place) for one in used["modelos"]]
    if signer is not None:
        found.append(_agent(_REVIEWER_ROLE[case.state], signer, place))
    return found


def _agent(kind: str, who: dict[str, Any], place: dict[str, Any] | None) -> dict[str, Any]:
    role = terms.concept(terms.coding(terms.PARTICIPANT, kind))
    return terms.without_nothing({"type": role, "who": who, "onBehalfOf": place})


def _request_entity(case: ExportCase) -> dict[str, Any]:
    """The request; with AI, also the hash of all that the model was told (no identity is in it)."""
    used = case.result["proveniencia"]
    hashed = [] if used is None else [terms.extension("hash-entrada-sha256", valueString=used["hash_entrada"])]
    return terms.without_nothing(
        {"extension": hashed, "role": "source", "what": _what(terms.TASK, case.task_id, f"{case.domain}.{case.event}")}
    )


def _prompt_entities(used: dict[str, Any] | None) -> list[dict[str, Any]]:
    if used is None:
        return []
    name = f"prompt {used['versao_prompt']}"
    return [{"role": "source", "what": _what(terms.PROMPT, used["hash_prompt"], name)}]


def _table_entities(case: ExportCase) -> list[dict[str, Any]]:
    return [
        {"role": "source", "what": _what(f"{terms.TABLE}:{name}", version, f"tabela {name} {version}")}
        for name, version in case.tables.items()
    ]


def _what(system: str, value: str, display: str) -> dict[str, Any]:
    return {"identifier": terms.identifier(system, value), "display": display}
