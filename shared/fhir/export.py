"""A result as one FHIR R4 Bundle (type `collection`): report, observations, detected issues, provenance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from shared.fhir import export_observations as observations
from shared.fhir import export_terms as terms
from shared.fhir.export_case import ExportCase
from shared.fhir.export_provenance import provenance
from shared.fhir.export_report import report


def bundle(case: ExportCase) -> dict[str, Any]:
    """Decimals stay Decimals, with the digits that the rules gave them; `as_json` writes them so."""
    observed = [*observations.measured(case), *observations.findings(case), *observations.calculations(case)]
    issues = observations.issues(case)
    names = [_name(resource) for resource in observed]
    # DiagnosticReport.result holds observations alone; a Composition's sections may hold anything.
    held = names if case.readback.diagnostic else [*names, *map(_name, issues)]
    resources = [report(case, held), *observed, *issues, provenance(case)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": terms.identifier(terms.TASK, case.task_id),
        "timestamp": terms.instant(case.standing_at),
        "entry": [{"fullUrl": _name(resource), "resource": resource} for resource in resources],
    }


def as_json(resource: dict[str, Any]) -> bytes:
    """The resource with every Decimal as a JSON number of the same digits: in FHIR 90.00 is not 90."""
    return orjson.dumps(resource, default=_number)


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    raise TypeError(type(value).__name__)


def _name(resource: dict[str, Any]) -> str:
    return f"urn:uuid:{resource['id']}"
