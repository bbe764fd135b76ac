"""Observation per measured quantity, per finding and per calculation; DetectedIssue per alert.

DetectedIssue and not Flag: an alert is a problem seen in this evidence, with a severity, a status that moves with the
review and a link to the finding. A Flag is a lasting banner on the patient, which is the hospital's to raise.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import orjson

from shared.fhir import export_terms as terms
from shared.fhir.export_case import FINDING_STATUS, MEASURE_STATUS, Acknowledgement, Alert, ExportCase
from shared.fhir.export_people import patient, software
from shared.fhir.readback import Measured

# The store keeps a Decimal as text with its own digits. Longer numbers and leading zeros are codes, and stay text.
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,9})?", re.ASCII)
_INTERPRETATION = {"critico": ("AA", "Critical abnormal"), "atencao": ("A", "Abnormal")}


def measured(case: ExportCase) -> list[dict[str, Any]]:
    """What the request itself measured, where its domain says how to read it."""
    return [_measurement(case, item) for item in case.readback.measured(case.request)]


def findings(case: ExportCase) -> list[dict[str, Any]]:
    """One per finding, its evidence as components."""
    return [_finding(case, found) for found in case.result["achados"]]


def calculations(case: ExportCase) -> list[dict[str, Any]]:
    """One per calculation that has a value."""
    return [
        _calculation(case, name, value) for name, value in case.result["calculos"].items() if value not in (None, "")
    ]


def issues(case: ExportCase) -> list[dict[str, Any]]:
    """One per alert."""
    return [_issue(case, alert) for alert in case.alerts]


def name_of(case: ExportCase, kind: str, key: str) -> str:
    """The `fullUrl` of one resource of this run."""
    return terms.urn(case.task_id, case.run, kind, key)


def _base(case: ExportCase, kind: str, key: str, status: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name_of(case, kind, key).removeprefix("urn:uuid:"),
        "status": status,
        "subject": patient(case.request),
        "issued": terms.instant(case.standing_at),
    }


def _measurement(case: ExportCase, item: Measured) -> dict[str, Any]:
    own = terms.coding(terms.MEASURE, item.field, item.label)
    public = [] if item.code is None else [terms.coding(item.code.system, item.code.code, item.code.display)]
    bounds = {"low": _quantity(item.low, item.unit), "high": _quantity(item.high, item.unit)}
    return terms.without_nothing(
        {
            **_base(case, "medida", item.field, MEASURE_STATUS[case.state]),
            "category": [terms.concept(terms.coding(terms.OBSERVATION_CATEGORY, item.category))],
            "code": terms.concept(*public, own, text=item.label),
            "effectiveDateTime": None if item.at is None else item.at.isoformat(),
            "valueQuantity": _quantity(item.value, item.unit),
            "referenceRange": [bounds] if (bounds := terms.without_nothing(bounds)) else [],
        }
    )


def _quantity(value: Decimal | None, unit: str) -> dict[str, Any] | None:
    return None if value is None else {"value": value, "unit": unit, "system": terms.UCUM, "code": unit}


def _finding(case: ExportCase, found: dict[str, Any]) -> dict[str, Any]:
    kind = _INTERPRETATION.get(found["gravidade"])
    return terms.without_nothing(
        {
            **_base(case, "achado", found["id"], FINDING_STATUS[case.state]),
            "identifier": [terms.identifier(f"{terms.TASK}:{case.task_id}:{case.run}", found["id"])],
            "code": terms.concept(terms.coding(terms.FINDING, found["codigo"]), text=found["codigo"]),
            "valueString": found["descricao"],
            "interpretation": [terms.concept(terms.coding(terms.INTERPRETATION, *kind))] if kind else [],
            "method": terms.concept(text=f"regra determinística {found['versao_regra']}"),
            "note": [{"text": f"Fonte: {found['fonte']}"}],
            "device": software(),
            "component": [_component(name, value) for name, value in found["evidencia"].items() if value is not None],
        }
    )


def _component(name: str, value: Any) -> dict[str, Any]:
    return {"code": terms.concept(text=name), **(_valued(value) or {"valueString": "(vazio)"})}


def _calculation(case: ExportCase, name: str, value: Any) -> dict[str, Any]:
    public, unit = (case.readback.calculated or {}).get(name, (None, None))
    codings = [] if public is None else [terms.coding(public.system, public.code, public.display)]
    valued = _valued(value)
    if unit is not None and "valueQuantity" in valued:
        valued["valueQuantity"] |= {"unit": unit, "system": terms.UCUM, "code": unit}
    return terms.without_nothing(
        {
            **_base(case, "calculo", name, FINDING_STATUS[case.state]),
            "code": terms.concept(*codings, terms.coding(terms.CALCULATION, name), text=name),
            "device": software(),
            **valued,
        }
    )


def _valued(value: Any) -> dict[str, Any]:
    """The `value[x]` of a JSON value; empty for an empty text or list."""
    match value:
        case bool():
            return {"valueBoolean": value}
        case int() | float() | Decimal():
            return {"valueQuantity": {"value": Decimal(str(value))}}
        case str() if _DECIMAL.fullmatch(value):
            return {"valueQuantity": {"value": Decimal(value)}}
        case str():
            return {"valueString": value} if value.strip() else {}
    return {"valueString": orjson.dumps(value).decode()} if value else {}


def _issue(case: ExportCase, alert: Alert) -> dict[str, Any]:
    return terms.without_nothing(
        {
            "resourceType": "DetectedIssue",
            "id": name_of(case, "alerta", alert.id).removeprefix("urn:uuid:"),
            "status": FINDING_STATUS[case.state],
            "code": terms.concept(terms.coding(terms.FINDING, alert.code), text=alert.code),
            "severity": "high",
            "patient": patient(case.request),
            "identifiedDateTime": terms.instant(alert.at),
            "author": software(),
            "implicated": [{"reference": name_of(case, "achado", alert.finding)}],
            "detail": alert.text,
            "mitigation": [_mitigation(alert.acknowledged)] if alert.acknowledged else [],
        }
    )


def _mitigation(answer: Acknowledgement) -> dict[str, Any]:
    """That a person knows is the first thing done about it."""
    words = "Alerta reconhecido" + (f": {answer.note}" if answer.note else "")
    return {"action": terms.concept(text=words), "date": terms.instant(answer.at), "author": {"display": answer.by}}
