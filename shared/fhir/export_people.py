"""Patient, professional and establishment as logical references, software as a device.

The hospital's own system holds these resources: an identifier leads there, and names need not travel again.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from shared.fhir import export_terms as terms
from shared.fhir.export_case import ExportCase
from shared.version import VERSION


def patient(request: BaseModel) -> dict[str, Any] | None:
    """By CPF, else CNS, else the record number of the establishment; None for work that is about no one patient."""
    person = getattr(request, "paciente", None)
    if person is None:
        return None
    if person.cpf:
        return terms.logical("Patient", terms.identifier(terms.CPF, person.cpf))
    if person.cns:
        return terms.logical("Patient", terms.identifier(terms.CNS, person.cns))
    record = {
        "type": terms.concept(terms.coding(terms.IDENTIFIER_TYPE, "MR")),
        **terms.identifier(terms.RECORD, person.prontuario),
        "assigner": establishment(request),
    }
    return terms.logical("Patient", terms.without_nothing(record))


def establishment(request: BaseModel) -> dict[str, Any] | None:
    """By CNES, where the request names it."""
    place = getattr(request, "estabelecimento", None)
    return None if place is None else terms.logical("Organization", terms.identifier(terms.CNES, place.cnes))


def reviewer(case: ExportCase) -> dict[str, Any] | None:
    """Who decided, by council and registration; None while nobody has."""
    review = case.result["revisao"]
    if case.decided_at is None:
        return None
    council, state = review["conselho"], review["uf"]
    number = {
        "type": terms.concept(terms.coding(terms.IDENTIFIER_TYPE, "MD" if council == "CRM" else "LN")),
        **terms.identifier(terms.council_system(council, state), review["registro"]),
    }
    return terms.logical("Practitioner", number, f"{council}-{state} {review['registro']}")


def software() -> dict[str, Any]:
    """This platform."""
    return terms.logical("Device", terms.identifier(terms.SOFTWARE, VERSION), f"Plantão {VERSION}")


def model(used: dict[str, Any]) -> dict[str, Any]:
    """A language model that had a part in the draft."""
    name, provider = used["modelo"], used["provedor"]
    return terms.logical("Device", terms.identifier(f"{terms.MODEL}:{provider}", name), f"{name} ({provider})")
