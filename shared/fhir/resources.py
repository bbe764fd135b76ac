"""Which resource types are read, and whether one resource can be used."""

from __future__ import annotations

from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from shared.fhir.node import Node
from shared.fhir.reading import Reading
from shared.field_paths import field_path

ENVELOPES = frozenset({"Composition", "MessageHeader"})
"""What only wraps the content of a document or message."""

_MODELS = {
    kind: get_fhir_model_class(kind)
    for kind in (
        *sorted(ENVELOPES),
        *("AllergyIntolerance", "CarePlan", "Claim", "ClinicalImpression", "Condition", "Coverage", "Device"),
        *("DeviceRequest", "DiagnosticReport", "Encounter", "Location", "Medication", "MedicationRequest"),
        *("MedicationStatement", "Observation", "Organization", "Patient", "Practitioner", "PractitionerRole"),
        *("Procedure", "ServiceRequest", "Specimen"),
    )
}


def usable(node: Node, reading: Reading) -> bool:
    """Whether the resource is of a known type, well formed, and free of modifiers we do not know; else reported."""
    kind = node.value.get("resourceType")
    if not isinstance(kind, str) or kind not in _MODELS:
        reading.puzzle(node.place, "tipo_de_recurso_desconhecido", "nenhum evento lê este tipo de recurso")
        return False
    if _has_modifier(node.value):
        reading.puzzle(node.place, "modificador_desconhecido", "traz modifierExtension ou implicitRules, que não lemos")
        return False
    bad = _faults(kind, node.value)
    if bad:
        reading.puzzle(node.place, "recurso_invalido", f"{kind} fora do R4 em: {', '.join(bad)}")
    return not bad


def _faults(kind: str, value: dict[str, Any]) -> list[str]:
    """Elements that the R4 definition refuses. Contained resources are judged on their own."""
    own = {name: item for name, item in value.items() if name != "contained"}
    try:
        _MODELS[kind].model_validate(own)
    except ValidationError as error:
        return sorted({field_path(item["loc"]) for item in error.errors(include_url=False, include_input=False)})[:5]
    except (KeyError, TypeError, AttributeError, AssertionError):
        # The library trips over some shapes instead of refusing them (a resource of an unknown type inside another).
        return ["(estrutura)"]
    return []


def _has_modifier(value: Any) -> bool:
    """FHIR forbids using a resource whose modifiers are not understood: they may reverse its meaning."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if "modifierExtension" in item or "implicitRules" in item:
                return True
            pending += [inner for name, inner in item.items() if name != "contained"]
        elif isinstance(item, list):
            pending += item
    return False
