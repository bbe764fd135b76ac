"""ServiceRequest and its surroundings as an imaging order: what is imaged, contrast, kidney, implants."""

from __future__ import annotations

from handlers.exames.requests.imagem import plausible_creatinine
from handlers.exames.tables import IMAGEM
from handlers.exames.tables.creatinine import FACTORS
from shared.fhir.bundle import Bundle
from shared.fhir.codes import coded, has_code, words
from shared.fhir.conditions import active_codes
from shared.fhir.node import Found, Node
from shared.fhir.observations import Observations
from shared.fhir.people import is_about
from shared.fhir.quantities import measured

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
CONTRAST = "urn:plantao:contraste"
"""Codes of `orderDetail`: the values of the field `contraste`. No public code tells the gadolinium groups apart."""

_CREATININE = ("2160-0", "14682-9")  # Creatinine in serum or plasma: mass, moles per volume
_SIDES = {
    "direita": {"24028007"},  # SNOMED CT laterality: right, left, right and left
    "esquerda": {"7771000"},
    "bilateral": {"51440002"},
}
_ACUTE_KIDNEY_INJURY = "N17"  # CID-10
_DIALYSIS = "Z99.2"  # CID-10: dependence on renal dialysis
_METFORMIN = "A10BA02"  # ATC
# NCI Thesaurus, of the R4 value set device-safety.
_MR_SAFETY = {
    "seguro": {"C106045"},
    "condicional": {"C106046"},
    "inseguro": {"C106047"},
    "desconhecido": {"C113844"},
}
_STATED = ("contraste", "lateralidade", "ira_aguda", "dialise", "metformina", "alergia_contraste")


def map_imaging(bundle: Bundle, order: Node, patient: Node | None, observations: Observations) -> None:
    """Fill the fields of an imaging order."""
    _modality(bundle, order)
    _region(bundle, order)
    bundle.reading.put("solicitado_em", order.leaf("authoredOn"))
    for detail in order.children("orderDetail"):
        contrast = coded(detail, CONTRAST)
        if contrast is None or bundle.reading.has("contraste"):
            bundle.reading.puzzle(detail.place, "codigo_desconhecido", f"somente um código de {CONTRAST} é lido")
        else:
            bundle.reading.put("contraste", contrast)
    _creatinine(bundle, observations)
    for field in _STATED:
        if not bundle.reading.has(field):
            bundle.reading.put(field, observations.field(field))
    _kidney(bundle, patient)
    _metformin(bundle, patient)
    _contrast_allergy(bundle, patient)
    _devices(bundle, patient, observations)


def _modality(bundle: Bundle, order: Node) -> None:
    code = order.child("code")
    for concept in [*([code] if code else []), *order.children("category")]:
        found = coded(concept, DICOM)
        row = next((row for row in IMAGEM.current().modalidades if found and found.value in row.dicom), None)
        if found is not None and row is not None:
            bundle.reading.put("tipo_exame", Found(found.place, row.tipo))
            return


def _region(bundle: Bundle, order: Node) -> None:
    """The first site is the region; a site that is only a side is the laterality."""
    for site in order.children("bodySite"):
        side = next((word for word, codes in _SIDES.items() if has_code(site, codes)), None)
        if side is not None:
            bundle.reading.put("lateralidade", Found(site.place, side))
        elif not bundle.reading.has("regiao"):
            bundle.reading.put("regiao", words(site))
        else:
            bundle.reading.puzzle(site.place, "regiao_adicional", "somente a primeira região foi lida")


def _creatinine(bundle: Bundle, observations: Observations) -> None:
    measure = observations.latest(*_CREATININE)
    if measure is None:
        return
    value = measured(measure.part.child("valueQuantity"), FACTORS, bundle.reading)
    if value is not None and not plausible_creatinine(value.value):
        bundle.reading.puzzle(value.place, "valor_implausivel", "creatinina implausível na unidade: não foi usada")
    elif value is not None:
        bundle.reading.put("creatinina_mg_dl", value)
        bundle.reading.put("creatinina_em", measure.moment)


def _kidney(bundle: Bundle, patient: Node | None) -> None:
    """A diagnosis can say yes; the absence of one says nothing."""
    for code in active_codes(patient, bundle):
        text = str(code.value)
        if text.startswith(_ACUTE_KIDNEY_INJURY) and not bundle.reading.has("ira_aguda"):
            bundle.reading.put("ira_aguda", Found(code.place, True))
        if text.replace(".", "") == _DIALYSIS.replace(".", "") and not bundle.reading.has("dialise"):
            bundle.reading.put("dialise", Found(code.place, True))


def _metformin(bundle: Bundle, patient: Node | None) -> None:
    for node in bundle.of("MedicationStatement", "MedicationRequest"):
        concept, status = node.child("medicationCodeableConcept"), node.leaf("status")
        name = words(concept)
        taken = status is not None and status.value == "active" and is_about(node, patient, bundle)
        named = name is not None and "metformina" in str(name.value).casefold()
        if concept is not None and taken and (named or has_code(concept, {_METFORMIN})):
            bundle.use(node)
            if not bundle.reading.has("metformina"):
                bundle.reading.put("metformina", Found(concept.place, True))


def _contrast_allergy(bundle: Bundle, patient: Node | None) -> None:
    for allergy in bundle.of("AllergyIntolerance"):
        over = has_code(allergy.child("verificationStatus"), {"refuted", "entered-in-error"})
        name = words(allergy.child("code"))
        if name is None or over or "contraste" not in str(name.value).casefold():
            continue
        if is_about(allergy, patient, bundle) and not bundle.reading.has("alergia_contraste"):
            bundle.use(allergy)
            bundle.reading.put("alergia_contraste", Found(name.place, True))


def _devices(bundle: Bundle, patient: Node | None, observations: Observations) -> None:
    """Fill `dispositivos` from Devices of the patient; without any it stays not asked, unless our field denies them."""
    index = 0
    denied = observations.field("dispositivos")
    if denied is not None and denied.value is False:
        bundle.reading.put("dispositivos", Found(denied.place, []))
    for device in bundle.of("Device"):
        if device.child("patient") is None or not is_about(device, patient, bundle):
            continue
        bundle.use(device)
        names = [found for name in device.children("deviceName") if (found := name.leaf("name"))]
        name = next(iter(names), None) or words(device.child("type"))
        if name is None:
            bundle.reading.puzzle(device.place, "dispositivo_sem_nome", "nem deviceName nem type dizem o que é")
            continue
        bundle.reading.put(f"dispositivos.{index}.descricao", name)
        safety = device.children("safety")
        stated = next((word for word, codes in _MR_SAFETY.items() for item in safety if has_code(item, codes)), None)
        if stated is not None:
            bundle.reading.put(f"dispositivos.{index}.seguranca_rm", Found(f"{device.place}.safety", stated))
        index += 1
