"""Allergies and medication resources as lists of what the patient must not, or does, take."""

from __future__ import annotations

from shared.fhir.bundle import Bundle
from shared.fhir.codes import has_code, words
from shared.fhir.node import Found, Node
from shared.fhir.people import is_about

_NOT_SO = {"refuted", "entered-in-error"}
_OVER = {"inactive", "resolved"}
_NO_KNOWN_ALLERGY = {
    "716186003",  # SNOMED CT: No known allergy
    "409137002",  # SNOMED CT: No known drug allergy
    "no-known-allergies",  # IPS absent-unknown
    "no-known-medication-allergies",
}
_NO_INFORMATION = {"no-allergy-info"}
_IN_USE = {"active", "draft", "on-hold", "intended", "unknown"}
_DCB = "dcb"


def map_allergies(bundle: Bundle, patient: Node | None) -> None:
    """Fill `alergias`. Without any AllergyIntolerance it stays not informed; "no known allergy" makes it empty."""
    denied: Node | None = None
    named: list[Found] = []
    for allergy in bundle.of("AllergyIntolerance"):
        bundle.use(allergy)
        code = allergy.child("code")
        if not is_about(allergy, patient, bundle) or not _applies(bundle, allergy) or has_code(code, _NO_INFORMATION):
            continue
        if has_code(code, _NO_KNOWN_ALLERGY):
            denied = allergy
        elif name := words(code):
            named.append(name)
        else:
            bundle.reading.puzzle(allergy.place, "alergia_sem_nome", "nem texto nem display dizem a substância")
    for index, name in enumerate(named):
        bundle.reading.put(f"alergias.{index}", name)
    if denied is not None and named:
        detail = "nega alergias, mas o Bundle traz alergias; valem as informadas"
        bundle.reading.puzzle(denied.place, "alergias_contraditorias", detail)
    elif denied is not None:
        bundle.reading.put("alergias", Found(f"{denied.place}.code", []))


def _applies(bundle: Bundle, allergy: Node) -> bool:
    if has_code(allergy.child("verificationStatus"), _NOT_SO) or has_code(allergy.child("clinicalStatus"), _OVER):
        detail = "refutada, registrada por engano ou encerrada; não foi usada"
        bundle.reading.puzzle(allergy.place, "alergia_nao_vigente", detail)
        return False
    return True


def map_medications(bundle: Bundle, patient: Node | None, field: str) -> None:
    """Fill the list `field` with what is prescribed or in use."""
    index = 0
    for node in bundle.of("MedicationRequest", "MedicationStatement"):
        bundle.use(node)
        if not is_about(node, patient, bundle) or not _in_use(bundle, node):
            continue
        concept = _drug(bundle, node)
        name = words(concept)
        if name is None:
            bundle.reading.puzzle(node.place, "medicamento_sem_nome", "nem texto nem display dizem o medicamento")
            continue
        bundle.reading.put(f"{field}.{index}.nome", name)
        bundle.reading.put(f"{field}.{index}.dcb", _denomination(concept))
        _dosage(bundle, node, f"{field}.{index}")
        index += 1


def _in_use(bundle: Bundle, node: Node) -> bool:
    status, negated = node.leaf("status"), node.leaf("doNotPerform")
    if status is not None and status.value in _IN_USE and not (negated and negated.value):
        return True
    bundle.reading.puzzle(node.place, "medicamento_nao_vigente", "encerrado, cancelado ou proibido; não foi usado")
    return False


def _drug(bundle: Bundle, node: Node) -> Node | None:
    concept = node.child("medicationCodeableConcept")
    if concept is not None:
        return concept
    medication = bundle.follow(node.child("medicationReference"), node, "Medication")
    return medication.child("code") if medication else None


def _denomination(concept: Node | None) -> Found | None:
    """The display of a coding whose system is a DCB table (RDC 63/2012 list ◇)."""
    for coding in concept.children("coding") if concept else []:
        if _DCB in coding.text("system").casefold():
            return coding.leaf("display")
    return None


def _dosage(bundle: Bundle, node: Node, field: str) -> None:
    """The first dosage line; further ones are reported, because the request holds one."""
    lines = [*node.children("dosageInstruction"), *node.children("dosage")]
    for line in lines[1:]:
        bundle.reading.puzzle(line.place, "posologia_adicional", "somente a primeira linha de dose foi lida")
    for line in lines[:1]:
        bundle.reading.put(f"{field}.via", words(line.child("route")))
        rates = line.children("doseAndRate")
        quantity = rates[0].child("doseQuantity") if rates else None
        unit = quantity.leaf("unit", "code") if quantity else None
        if quantity is not None and unit is not None:
            bundle.reading.put(f"{field}.dose", quantity.leaf("value"))
            bundle.reading.put(f"{field}.unidade", unit)
        elif quantity is not None:
            bundle.reading.puzzle(quantity.place, "dose_sem_unidade", "a dose não diz a unidade; não foi usada")
