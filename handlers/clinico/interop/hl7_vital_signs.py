"""OBX of an ADT → sinais_vitais: LOINC, or the short names that Brazilian charts use."""

from __future__ import annotations

from dataclasses import dataclass

from shared.hl7.mapping import Mapping
from shared.hl7.observations import Observation, observations, plain
from shared.hl7.reading import measured, put_person_observation


@dataclass(frozen=True, slots=True)
class Sign:
    """`units`: how its unit may be written, without case and spaces; one that names another unit is not used."""

    field: str
    codes: frozenset[str]
    units: frozenset[str]


def _sign(field: str, codes: str, units: str) -> Sign:
    return Sign(field, frozenset(codes.split()), frozenset(units.split()) | {""})


# LOINC vital signs panel 85353-1 ✔; local names ◇.
_SIGNS = (
    _sign("fr_irpm", "9279-1 FR FREQRESP FREQUENCIARESPIRATORIA", "/min irpm rpm mrpm {breaths}/min"),
    _sign("spo2_pct", "2708-6 59408-5 SPO2 SATO2 SAT", "%"),
    _sign("pas_mmhg", "8480-6 PAS PASISTOLICA", "mmhg mm[hg]"),
    _sign("pad_mmhg", "8462-4 PAD PADIASTOLICA", "mmhg mm[hg]"),
    _sign("fc_bpm", "8867-4 FC FREQCARD FREQUENCIACARDIACA PULSO", "/min bpm {beats}/min"),
    _sign("temperatura_c", "8310-5 8331-1 8328-7 8332-9 TEMP TAX TEMPERATURA", "cel c °c ºc"),
    _sign("glasgow", "9269-2 GLASGOW ECG15", "{score} pontos"),
)
_OXYGEN_FLOW = frozenset(["3151-8", "3150-6", "O2", "O2SUP"])
_CONSCIOUSNESS = frozenset(["67775-7", "80288-4", "ACVPU", "AVPU", "CONSCIENCIA"])
_LEVELS = {
    "A": "A", "ALERTA": "A", "C": "C", "CONFUSO": "C", "CONFUSAO": "C", "V": "V", "VOZ": "V",
    "P": "P", "D": "P", "DOR": "P", "U": "U", "I": "U", "N": "U", "INCONSCIENTE": "U",
}  # fmt: skip
_YES, _NO = {"S", "SIM", "Y"}, {"N", "NAO"}


def put_vital_signs(mapping: Mapping) -> None:
    """Every OBX of the message; the last of a repeated sign is not preferred: the second one is reported."""
    for found in observations(mapping, mapping.message.all("OBX")):
        if not put_person_observation(mapping, found):
            _put_sign(mapping, found)
    if not mapping.has("sinais_vitais"):
        mapping.absent("sinais_vitais")


def _put_sign(mapping: Mapping, found: Observation) -> None:
    codes = {plain(code) if not code[:1].isdigit() else code for code, _ in found.codes}
    if codes & _CONSCIOUSNESS:
        _put_consciousness(mapping, found)
    elif codes & _OXYGEN_FLOW:
        _put_oxygen(mapping, found)
    else:
        sign = next((sign for sign in _SIGNS if codes & sign.codes), None)
        if sign is None:
            mapping.odd(found.segment.at(3), "sinal_desconhecido", "nem LOINC de sinal vital nem nome conhecido")
        else:
            _put_measure(mapping, sign, found)


def _put_measure(mapping: Mapping, sign: Sign, found: Observation) -> None:
    path = f"sinais_vitais.{sign.field}"
    if mapping.has(path):
        mapping.odd(found.place, "sinal_repetido", f"{sign.field} já foi lido de outro OBX")
        return
    if found.unit.casefold().replace(" ", "") not in sign.units:
        mapping.odd(found.segment.at(6), "unidade_desconhecida", f"unidade não aceita para {sign.field}")
        return
    value = measured(mapping, found)
    if value is None:
        return
    whole = sign.field != "temperatura_c" and value == value.to_integral_value()
    mapping.put(path, int(value) if whole else str(value), found.place)


def _put_consciousness(mapping: Mapping, found: Observation) -> None:
    """ACVPU; the Portuguese AVDI/AVDN letters D (dor) and I or N are P and U ◇."""
    level = _LEVELS.get(plain(found.text))
    if level is None:
        mapping.odd(found.place, "valor_nao_compreendido", "consciência: use A, C, V, P ou U")
    else:
        mapping.put("sinais_vitais.consciencia", level, found.place)


def _put_oxygen(mapping: Mapping, found: Observation) -> None:
    """A flow or an inspired fraction says whether there is a supplement; so does S or N."""
    said = plain(found.text)
    if said in _YES | _NO:
        mapping.put("sinais_vitais.o2_suplementar", said in _YES, found.place)
        return
    try:
        number = found.number()
    except ValueError as error:
        mapping.odd(found.place, "valor_nao_compreendido", str(error))
        return
    is_fraction = any(code == "3150-6" for code, _ in found.codes)
    mapping.put("sinais_vitais.o2_suplementar", number.value > (21 if is_fraction else 0), found.place)
