"""ADT → clinico: A04 an encounter, A01 an admission, A03 a discharge."""

from __future__ import annotations

from handlers.clinico.interop.hl7_medicines import allergies, put_allergies, put_medicines
from handlers.clinico.interop.hl7_vital_signs import put_vital_signs
from shared.hl7.diagnoses import Diagnosis, diagnoses
from shared.hl7.mapping import Mapping
from shared.hl7.people import put_professional
from shared.hl7.reading import begin, put_notes
from shared.hl7.routing import Route
from shared.hl7.times import put_moment
from shared.interop import Mapped

_UNDERSTOOD = frozenset(["MSH", "EVN", "PID", "PV1", "DG1", "AL1", "NTE", "ORC", "RXE", "RXO", "RXR"])
_OF_AN_ENCOUNTER = _UNDERSTOOD | {"PV2", "OBX"}
_OF_AN_ADMISSION = _OF_AN_ENCOUNTER | {"PR1", "IN1"}
# Table HL70007 ✔ (v2.5.1); L (labour) and N (newborn) are neither, and are reported.
_CHARACTER = {"A": "urgencia", "E": "urgencia", "U": "urgencia", "C": "eletiva", "R": "eletiva"}
_ORIGIN = {  # table HL70023 ✔ (v2.5.1)
    "1": "encaminhamento médico",
    "2": "encaminhamento de ambulatório",
    "3": "encaminhamento da operadora",
    "4": "transferência de hospital",
    "5": "transferência de casa de repouso",
    "6": "transferência de outro serviço de saúde",
    "7": "pronto-socorro",
    "8": "ordem judicial",
}
# Table HL70112 ✔ (v2.5.1): 20 expired, 40 at home, 41 in a facility, 42 elsewhere; 41 to 43 are deaths in SIH too.
_EXPIRED = {"20", "40", "41", "42", "43"}
_YES = {"Y", "S"}
_PROCEDURES = {"SIGTAP": "procedimento_sigtap", "SUS": "procedimento_sigtap", "TUSS": "procedimento_tuss"}


def read_encounter(raw: bytes) -> Mapped:
    """ADT^A04 → consulta."""
    mapping = begin(raw, ("ADT^A04",))
    _put_encounter(mapping)
    _put_codes(mapping, "cids", diagnoses(mapping))
    return _finished(mapping, _OF_AN_ENCOUNTER)


def read_admission(raw: bytes) -> Mapped:
    """ADT^A01 → internacao. The encounter and the admission are one moment, PV1-44."""
    mapping = begin(raw, ("ADT^A01",))
    visit = mapping.message.segment("PV1")
    _put_encounter(mapping)
    put_moment(mapping, "data_hora_internacao", (visit.value(44), 1))
    _put_character(mapping)
    origin = visit.text(14)
    if origin:
        mapping.put("origem", _ORIGIN.get(origin, origin), visit.at(14))
    _put_bed(mapping)
    _put_principal(mapping, kind="A")
    _put_procedure(mapping)
    _put_insurer(mapping)
    return _finished(mapping, _OF_AN_ADMISSION)


def read_discharge(raw: bytes) -> Mapped:
    """ADT^A03 → alta. Medicines of the message are those to go home with."""
    mapping = begin(raw, ("ADT^A03",))
    visit = mapping.message.segment("PV1")
    put_moment(mapping, "data_hora_internacao", (visit.value(44), 1))
    put_moment(mapping, "data_hora_alta", (visit.value(45), 1))
    _put_way_out(mapping)
    _put_character(mapping)
    put_professional(mapping, (visit, 7), (visit, 17), required=False)
    _put_principal(mapping, kind="F")
    put_allergies(mapping, allergies(mapping))
    put_medicines(mapping, "prescricao_alta")
    put_notes(mapping)
    mapping.absent("visitas_ps_6m")
    return _finished(mapping, _UNDERSTOOD)


def _finished(mapping: Mapping, understood: frozenset[str]) -> Mapped:
    mapping.unread(understood)
    return mapping.result()


def _put_encounter(mapping: Mapping) -> None:
    message = mapping.message
    visit, event = message.segment("PV1"), message.segment("EVN")
    put_moment(mapping, "data_hora", (visit.value(44), 1), (event.value(6), 1), (event.value(2), 1))
    put_professional(mapping, (visit, 7), (visit, 17), (visit, 9), required=True)
    reason = message.segment("PV2").value(3)
    if not (mapping.text("queixa_principal", reason, 2) or mapping.text("queixa_principal", reason)):
        mapping.absent("queixa_principal")
    put_vital_signs(mapping)
    put_allergies(mapping, allergies(mapping))
    put_medicines(mapping, "medicamentos")
    put_notes(mapping)


def _put_codes(mapping: Mapping, path: str, found: list[Diagnosis]) -> None:
    for number, diagnosis in enumerate(found):
        mapping.put(f"{path}.{number}", diagnosis.code, diagnosis.place)


def _put_way_out(mapping: Mapping) -> None:
    """PV1-36 in words, else its code; a death that PID-30 or a code of table HL70112 states is in our words."""
    person, way_out = mapping.message.segment("PID"), mapping.message.segment("PV1").value(36)
    stated = not way_out.text(2) or way_out.text(3) == "HL70112"
    if stated and way_out.text() in _EXPIRED:
        mapping.put("motivo_saida", "óbito", way_out.place)
    elif person.text(30).upper() in _YES:
        mapping.put("motivo_saida", "óbito", person.at(30))
    elif not (mapping.text("motivo_saida", way_out, 2) or mapping.text("motivo_saida", way_out)):
        mapping.absent("motivo_saida")


def _put_principal(mapping: Mapping, kind: str) -> None:
    """DG1-15 = 1, else the first of the event's own kind (A admission, F final), else the first of all."""
    found = diagnoses(mapping)
    if not found:
        mapping.absent("cid_principal")
        return
    of_kind = [diagnosis for diagnosis in found if diagnosis.kind == kind]
    principal = next((diagnosis for diagnosis in found if diagnosis.primary), (of_kind or found)[0])
    mapping.put("cid_principal", principal.code, principal.place)
    _put_codes(mapping, "cids_secundarios", [diagnosis for diagnosis in found if diagnosis is not principal])


def _put_character(mapping: Mapping) -> None:
    visit = mapping.message.segment("PV1")
    said = visit.text(4).upper()
    if said in _CHARACTER:
        mapping.put("carater", _CHARACTER[said], visit.at(4))
    elif said:
        mapping.odd(visit.at(4), "carater_nao_mapeado", "PV1-4 não diz se é eletiva ou urgência")
    else:
        mapping.absent("carater")


def _put_bed(mapping: Mapping) -> None:
    """PV1-3: point of care, room, bed."""
    place = mapping.message.segment("PV1").value(3)
    parts = [place.text(component) for component in (1, 2, 3)]
    if any(parts):
        mapping.put("leito", "-".join(part for part in parts if part), place.place)


def _put_procedure(mapping: Mapping) -> None:
    """PR1-3 by its coding system; a code of another one is reported."""
    for segment in mapping.message.all("PR1"):
        value = segment.value(3)
        path = _PROCEDURES.get(value.text(3).upper())
        if path is None or mapping.has("procedimento_sigtap") or mapping.has("procedimento_tuss"):
            mapping.odd(segment.at(3), "procedimento_nao_usado", "não é SIGTAP nem TUSS, ou já havia um")
        else:
            mapping.text(path, value)


def _put_insurer(mapping: Mapping) -> None:
    """IN1-3: ANS registration; IN1-14: authorisation number."""
    insurance = mapping.message.first("IN1")
    if insurance is None:
        return
    number = insurance.value(3)
    if len(number.text()) == 6 and number.text().isdigit():
        mapping.text("operadora_ans", number)
    elif number.text():
        mapping.odd(number.place, "operadora_sem_registro_ans", "IN1-3 não traz os 6 algarismos do registro na ANS")
    mapping.text("numero_guia", insurance.value(14))


ROUTES: dict[str, Route] = {"ADT^A04": "consulta", "ADT^A01": "internacao", "ADT^A03": "alta"}
