"""What holds a result together: a DiagnosticReport for exams, a Composition for everything else.

Composition and not ClinicalImpression: it has the states that a review needs (preliminary, final, amended,
entered-in-error), an attester for the professional, and needs no patient, which a file of records does not have.
"""

from __future__ import annotations

from typing import Any

from shared.fhir import export_terms as terms
from shared.fhir.export_case import REPORT_STATUS, ExportCase
from shared.fhir.export_people import establishment, patient, reviewer, software

_WEIGHT = {"critico": "crítico", "atencao": "atenção", "info": "informação"}


def report(case: ExportCase, results: list[str]) -> dict[str, Any]:
    """The resource that points at all others; `results` are their `fullUrl`s."""
    return _diagnostic_report(case, results) if case.readback.diagnostic else _composition(case, results)


def report_name(case: ExportCase) -> str:
    """The report's `fullUrl`."""
    return terms.urn(case.task_id, case.run, "laudo")


def _identity(case: ExportCase, kind: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": report_name(case).removeprefix("urn:uuid:"),
        "status": REPORT_STATUS[case.state],
        "text": terms.narrative((case.title, [case.result["aviso"], _decision(case)]), *_blocks(case)),
        "subject": patient(case.request),
    }


def _event(case: ExportCase) -> dict[str, Any]:
    return terms.coding(terms.EVENT, f"{case.domain}.{case.event}", case.title)


def _diagnostic_report(case: ExportCase, results: list[str]) -> dict[str, Any]:
    panel = case.readback.panel
    public = [] if panel is None else [terms.coding(panel.system, panel.code, panel.display)]
    opinion = case.result["parecer"]
    sampled = getattr(case.request, "coleta_em", None)
    place = establishment(case.request)
    signed = case.state in ("aceito", "editado")
    return terms.without_nothing(
        {
            **_identity(case, "DiagnosticReport"),
            "identifier": [terms.identifier(terms.TASK, case.task_id)],
            "code": terms.concept(*public, _event(case), text=case.title),
            "effectiveDateTime": None if sampled is None else sampled.isoformat(),
            "issued": terms.instant(case.standing_at),
            "performer": [place] if place else [],
            "resultsInterpreter": [reviewer(case)] if signed else [],
            "result": [{"reference": name} for name in results],
            "conclusion": None if opinion is None else opinion["texto"],
        }
    )


def _composition(case: ExportCase, results: list[str]) -> dict[str, Any]:
    signer = reviewer(case)
    signed = case.state in ("aceito", "editado")
    attester = {"mode": "professional", "time": terms.instant(case.standing_at), "party": signer}
    return terms.without_nothing(
        {
            **_identity(case, "Composition"),
            "identifier": terms.identifier(terms.TASK, case.task_id),
            "type": terms.concept(_event(case), text=case.title),
            "date": terms.instant(case.standing_at),
            "author": [software(), *([signer] if case.state == "editado" else [])],
            "title": case.title,
            "attester": [attester] if signed else [],
            "custodian": establishment(case.request),
            "section": _sections(case, results),
        }
    )


def _sections(case: ExportCase, results: list[str]) -> list[dict[str, Any]]:
    sections = [{"title": title, "text": terms.narrative((title, lines))} for title, lines in _blocks(case) if lines]
    entries = [{"reference": name} for name in results]
    return [*sections, {"title": "Recursos", "entry": entries}] if entries else sections


def _blocks(case: ExportCase) -> list[tuple[str, list[str]]]:
    opinion = case.result["parecer"]
    return [
        ("Achados", [_finding_line(found) for found in case.result["achados"]]),
        ("Parecer", [] if opinion is None else opinion["texto"].splitlines()),
        ("Dados faltantes", case.result["dados_faltantes"]),
        ("Não avaliado", case.result["nao_avaliado"]),
    ]


def _finding_line(found: dict[str, Any]) -> str:
    return f"{found['id']} ({_WEIGHT[found['gravidade']]}): {found['descricao']} Fonte: {found['fonte']}"


def _decision(case: ExportCase) -> str:
    signer = reviewer(case)
    if signer is None:
        return "Revisão: pendente."
    return f"Revisão: {case.state} por {signer['display']} em {terms.instant(case.standing_at)}."
