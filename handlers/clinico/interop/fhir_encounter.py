"""Encounter, and the little that surrounds it, as the fields of an encounter, an admission and a discharge."""

from __future__ import annotations

from shared.errors import UnusableDocument
from shared.fhir.bundle import Bundle
from shared.fhir.codes import SIGTAP, TUSS, coded, has_code, naming_system, words
from shared.fhir.node import Found, Node
from shared.fhir.observations import Observations
from shared.fhir.people import is_about

_ANNULLED = {"cancelled", "entered-in-error"}
# HL7 v3 ActPriority, and the RNDS table of Caráter do Atendimento (01 elective, 02 urgent).
_PRIORITIES = {
    "eletiva": {"EL", "R", "01"},
    "urgencia": {"EM", "UR", "S", "A", "02"},
}
_EMERGENCY = "EMER"
_EXPIRED = {"exp"}  # HL7 discharge-disposition


def only_encounter(bundle: Bundle) -> Node:
    """The Bundle's one Encounter. Raises UnusableDocument for none, for several, and for an annulled one."""
    found = bundle.of("Encounter")
    if not found:
        raise bundle.unusable("Bundle.entry", "sem_atendimento", "o Bundle não traz um Encounter que se possa usar")
    if len(found) > 1:
        reason = "o documento traz mais de um Encounter; envie um por Bundle"
        raise UnusableDocument([(node.place, "varios_atendimentos", reason) for node in found])
    status = found[0].leaf("status")
    if status is not None and status.value in _ANNULLED:
        reason = "o atendimento foi cancelado ou registrado por engano"
        raise UnusableDocument([(status.place, "atendimento_anulado", reason)])
    return bundle.use(found[0])


def map_visit(bundle: Bundle, encounter: Node, patient: Node | None) -> None:
    """Fill `data_hora`, `queixa_principal`, `texto_clinico`."""
    bundle.reading.put("data_hora", _arrival(encounter) or _boundary(encounter, "start"))
    reasons = encounter.concepts("reasonCode")
    bundle.reading.put("queixa_principal", next((text for text in map(words, reasons) if text), None))
    for impression in bundle.of("ClinicalImpression"):
        if is_about(impression, patient, bundle) and not bundle.reading.has("texto_clinico"):
            bundle.reading.put("texto_clinico", bundle.use(impression).leaf("summary"))


def map_admission(bundle: Bundle, encounter: Node, patient: Node | None) -> None:
    """Fill what an admission adds to an encounter."""
    bundle.reading.put("data_hora_internacao", _boundary(encounter, "start"))
    _urgency(bundle, encounter)
    hospital = encounter.child("hospitalization")
    bundle.reading.put("origem", words(hospital.child("admitSource")) if hospital else None)
    _bed(bundle, encounter)
    _procedure(bundle, patient)
    _payer(bundle, patient)


def map_discharge(bundle: Bundle, encounter: Node, patient: Node | None, observations: Observations) -> None:
    """Fill the times, the way out, and what goes home with the patient."""
    bundle.reading.put("data_hora_internacao", _boundary(encounter, "start"))
    bundle.reading.put("data_hora_alta", _boundary(encounter, "end"))
    _urgency(bundle, encounter)
    hospital = encounter.child("hospitalization")
    disposition = hospital.child("dischargeDisposition") if hospital else None
    bundle.reading.put("motivo_saida", _way_out(disposition))
    bundle.reading.put("visitas_ps_6m", observations.field("visitas_ps_6m"))
    _care_plan(bundle, patient)


def _way_out(disposition: Node | None) -> Found | None:
    """In words; the code of a death wins, because its display is in whatever language the sender speaks."""
    if disposition is not None and has_code(disposition, _EXPIRED):
        return Found(f"{disposition.place}.coding", "óbito")
    return words(disposition)


def _arrival(encounter: Node) -> Found | None:
    """When the patient arrived, where the history of the encounter tells it apart from the admission."""
    periods = [item.child("period") for item in encounter.children("statusHistory") if item.text("status") == "arrived"]
    return next((found for period in periods if period and (found := period.leaf("start"))), None)


def _boundary(encounter: Node, end: str) -> Found | None:
    period = encounter.child("period")
    return period.leaf(end) if period else None


def _urgency(bundle: Bundle, encounter: Node) -> None:
    """`priority`, else the class EMER; any other class says nothing about urgency."""
    priority = encounter.child("priority")
    known = next((word for word, codes in _PRIORITIES.items() if has_code(priority, codes)), None)
    kind = encounter.child("class")
    if priority is not None and known is None:
        bundle.reading.puzzle(
            priority.place, "codigo_desconhecido", "prioridade não reconhecida como eletiva ou urgência"
        )
    elif priority is not None:
        bundle.reading.put("carater", Found(priority.place, known))
    elif kind is not None and kind.text("code") == _EMERGENCY:
        bundle.reading.put("carater", Found(kind.place, "urgencia"))


def _bed(bundle: Bundle, encounter: Node) -> None:
    """The last location is where the patient is now."""
    for item in reversed(encounter.children("location")):
        reference = item.child("location")
        if reference is None or bundle.reading.has("leito"):
            continue
        place = bundle.follow(reference, encounter, "Location") if reference.text("reference") else None
        bundle.reading.put("leito", place.leaf("name") if place else reference.leaf("display"))


def _procedure(bundle: Bundle, patient: Node | None) -> None:
    for node in bundle.of("Procedure", "ServiceRequest"):
        if bundle.reading.has("procedimento_sigtap") or bundle.reading.has("procedimento_tuss"):
            return
        if not is_about(node, patient, bundle):
            continue
        for system, field in ((SIGTAP, "procedimento_sigtap"), (TUSS, "procedimento_tuss")):
            code = coded(node.child("code"), system)
            if code is not None and not bundle.reading.has("procedimento_sigtap"):
                bundle.reading.put(field, code)
                bundle.use(node)


def _payer(bundle: Bundle, patient: Node | None) -> None:
    """The insurer's ANS register, and the number of the authorisation it gave."""
    for coverage in bundle.of("Coverage"):
        if not is_about(coverage, patient, bundle):
            continue
        bundle.use(coverage)
        for payor in coverage.children("payor"):
            insurer = bundle.follow(payor, coverage, "Organization")
            for identifier in insurer.children("identifier") if insurer else []:
                if naming_system(identifier).startswith(("ans", "registro-ans")):
                    bundle.reading.put("operadora_ans", identifier.leaf("value"))
        for identifier in coverage.children("identifier"):
            if naming_system(identifier) == "numero-guia":
                bundle.reading.put("numero_guia", identifier.leaf("value"))


def _care_plan(bundle: Bundle, patient: Node | None) -> None:
    """`description` is what the patient is told; each activity still to do is pending."""
    pending = 0
    for plan in bundle.of("CarePlan"):
        if not is_about(plan, patient, bundle):
            continue
        bundle.use(plan)
        if not bundle.reading.has("orientacoes"):
            bundle.reading.put("orientacoes", plan.leaf("description"))
        for activity in plan.children("activity"):
            detail = activity.child("detail")
            text = detail.leaf("description") if detail else None
            if text is not None:
                bundle.reading.put(f"pendencias.{pending}", text)
                pending += 1
