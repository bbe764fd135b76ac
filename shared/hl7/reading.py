"""What every reader of HL7 v2 begins with: the message, its type, the parts that all requests share."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from shared.clinical.fields import CONTROL_CHARACTERS, LONGEST_TEXT
from shared.hl7.mapping import Mapping
from shared.hl7.message import parse
from shared.hl7.observations import Observation
from shared.hl7.people import put_establishment, put_patient
from shared.hl7.problems import Fault, unusable
from shared.interop import SHORTENED, shortened

_PREGNANT = {"11449-6", "82810-3"}  # LOINC ✔ pregnancy status; local: GESTANTE
_SAYS = {
    "sim": {"S", "SIM", "Y", "YES", "77386006"},
    "nao": {"N", "NAO", "NÃO", "NO", "60001007"},
    "desconhecido": {"U", "D", "DESCONHECIDO", "261665006"},
}
_WEIGHT, _HEIGHT = {"29463-7", "3141-9", "PESO"}, {"8302-2", "ALTURA"}  # LOINC ✔; local ◇


def begin(raw: bytes, kinds: Iterable[str]) -> Mapping:
    """The mapping with patient and establishment filled. Raises UnusableMessage for another type of message."""
    message = parse(raw)
    accepted = tuple(kinds)
    if message.kind not in accepted:
        known_type = any(kind.split("^")[0] == message.kind.split("^")[0] for kind in accepted)
        fault = Fault.EVENTO_NAO_ACEITO if known_type else Fault.TIPO_NAO_ACEITO
        raise unusable("MSH-9", fault, f"aqui são aceitas mensagens {' ou '.join(accepted)}")
    mapping = Mapping(message)
    put_patient(mapping)
    put_establishment(mapping)
    return mapping


def put_person_observation(mapping: Mapping, found: Observation) -> bool:
    """Pregnancy, weight (kg) and height (cm) are the patient's, whatever the message is about; True when it was one."""
    codes = {code for code, _ in found.codes}
    if codes & _PREGNANT or "GESTANTE" in codes:
        _put_pregnancy(mapping, found)
    elif codes & _WEIGHT:
        _put_measure(mapping, found, "paciente.peso_kg", "kg")
    elif codes & _HEIGHT:
        _put_measure(mapping, found, "paciente.altura_cm", "cm")
    else:
        return False
    return True


def _put_pregnancy(mapping: Mapping, found: Observation) -> None:
    said = next((ours for ours, words in _SAYS.items() if found.text.upper() in words), None)
    if said is None:
        mapping.odd(found.place, "valor_nao_compreendido", "gestação: use S, N ou U, ou o código SNOMED CT")
        return
    if mapping.value("paciente.gestante") not in (None, said):
        mapping.odd(found.place, "valores_contraditorios", "gestação: a mensagem diz uma coisa e outra")
        said = "desconhecido"
    mapping.put("paciente.gestante", said, found.place)


def _put_measure(mapping: Mapping, found: Observation, path: str, unit: str) -> None:
    if found.unit.casefold() != unit:
        mapping.odd(found.segment.at(6), "unidade_desconhecida", f"esperada a unidade {unit}")
        return
    value = measured(mapping, found)
    if value is None:
        return
    if mapping.value(path) not in (None, str(value)):
        mapping.odd(found.place, "medida_repetida", f"{path}: vale a última da mensagem")
    mapping.put(path, str(value), found.place)


def measured(mapping: Mapping, found: Observation) -> Decimal | None:
    """The number of an observation; None, and reported, where it is none or only a bound."""
    try:
        number = found.number()
    except ValueError as error:
        mapping.odd(found.place, "valor_nao_compreendido", str(error))
        return None
    if number.comparator:
        mapping.odd(found.place, "valor_com_comparador", "é um limite, não uma medida")
        return None
    return number.value


def put_notes(mapping: Mapping) -> None:
    """NTE-3, one line each → `texto_clinico`: cut and cleaned where it must be, since a remark refuses nothing."""
    notes = [(segment, segment.text(3)) for segment in mapping.message.all("NTE")]
    written = "\n".join(text for _, text in notes if text)
    kept = CONTROL_CHARACTERS.sub(" ", written)[:LONGEST_TEXT].strip()
    if kept:
        place = next(segment.at(3) for segment, text in notes if text)
        mapping.put("texto_clinico", kept, place)
        if kept != written:
            mapping.odd(place, SHORTENED, shortened(LONGEST_TEXT))
