"""Conditions as CID-10 codes: those that stand, about the patient."""

from __future__ import annotations

from shared.clinical.identifiers import is_cid10
from shared.fhir.bundle import Bundle
from shared.fhir.codes import ICD10, coded, has_code
from shared.fhir.node import Found, Node
from shared.fhir.people import is_about

_NOT_SO = {"refuted", "entered-in-error"}
_OVER = {"inactive", "remission", "resolved"}


def diagnosis_of(concept: Node | None, bundle: Bundle) -> Found | None:
    """The CID-10 code of a CodeableConcept; one coded otherwise, or malformed, is reported."""
    found = coded(concept, ICD10)
    if concept is not None and found is None:
        bundle.reading.puzzle(concept.place, "diagnostico_sem_cid10", "não traz um código CID-10")
    if found is not None and not is_cid10(str(found.value)):
        bundle.reading.puzzle(found.place, "codigo_invalido", "não tem a forma de um código CID-10; não foi usado")
        return None
    return found


def holds(condition: Node, bundle: Bundle) -> bool:
    """False, and reported, for a condition refuted or entered in error."""
    if has_code(condition.child("verificationStatus"), _NOT_SO):
        bundle.use(condition)
        bundle.reading.puzzle(
            condition.place, "diagnostico_anulado", "refutado ou registrado por engano; não foi usado"
        )
        return False
    return True


def condition_code(condition: Node, patient: Node | None, bundle: Bundle) -> Found | None:
    """The CID-10 code of a Condition that holds and is about the patient."""
    bundle.use(condition, "clinicalStatus", "category", "code")
    if not holds(condition, bundle) or not is_about(condition, patient, bundle):
        return None
    return diagnosis_of(condition.child("code"), bundle)


def active_codes(patient: Node | None, bundle: Bundle) -> list[Found]:
    """The CID-10 codes of the Bundle's conditions that are not over, each once."""
    found: dict[str, Found] = {}
    for condition in bundle.of("Condition"):
        if has_code(condition.child("clinicalStatus"), _OVER):
            bundle.reading.puzzle(condition.place, "diagnostico_encerrado", "não está ativo; não foi usado")
            bundle.use(condition)
        elif code := condition_code(condition, patient, bundle):
            found.setdefault(str(code.value), code)
    return list(found.values())
