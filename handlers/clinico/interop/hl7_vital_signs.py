"""OBX of an ADT → sinais_vitais: LOINC, or the short names that Brazilian charts use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from handlers.clinico.requests import is_measurement
from shared.hl7.fields import Number, moment
from shared.hl7.mapping import Mapping
from shared.hl7.observations import Observation, observations, plain
from shared.hl7.reading import measured, put_person_observation
from shared.hl7.times import hospital_zone


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
_OXYGEN_FRACTION = frozenset(["3150-6", "FIO2"])
_OXYGEN = frozenset(["3151-8", "O2", "O2SUP"]) | _OXYGEN_FRACTION
_OXYGEN_OF_AIR_PCT = Decimal("21.5")
"""% up to which a fraction of inspired oxygen is room air."""
_CONSCIOUSNESS = frozenset(["67775-7", "80288-4", "ACVPU", "AVPU", "CONSCIENCIA"])
_LEVELS = {
    "A": "A", "ALERTA": "A", "C": "C", "CONFUSO": "C", "CONFUSAO": "C", "V": "V", "VOZ": "V",
    "P": "P", "D": "P", "DOR": "P", "U": "U", "I": "U", "N": "U", "INCONSCIENTE": "U",
}  # fmt: skip
_NEVER = datetime.min.replace(tzinfo=UTC)
_YES, _NO = {"S", "SIM", "Y"}, {"N", "NAO"}


@dataclass(frozen=True, slots=True)
class _Read:
    """What one OBX says of one sign, and when it was observed (OBX-14)."""

    value: str | bool
    place: str
    at: datetime


def put_vital_signs(mapping: Mapping) -> None:
    """Every OBX. Of a repeated sign the latest counts; two of one moment that differ are both left out."""
    read: dict[str, list[_Read]] = {}
    for found in observations(mapping, mapping.message.all("OBX")):
        if put_person_observation(mapping, found):
            continue
        field, value = _sign_of(mapping, found)
        if value is not None:
            read.setdefault(field, []).append(_Read(value, found.place, _observed(found)))
    for field, several in read.items():
        _settle(mapping, field, several)
    if not mapping.has("sinais_vitais"):
        mapping.absent("sinais_vitais")


def _settle(mapping: Mapping, field: str, several: list[_Read]) -> None:
    newest = max(one.at for one in several)
    current = [one for one in several if one.at == newest]
    for one in several:
        if one.at != newest:
            mapping.odd(one.place, "sinal_repetido", f"{field}: há outro mais recente")
    if len({one.value for one in current}) == 1:
        mapping.put(f"sinais_vitais.{field}", current[0].value, current[0].place)
        return
    for one in current:
        mapping.odd(one.place, "valores_contraditorios", f"{field}: outro valor no mesmo momento; nenhum foi usado")


def _observed(found: Observation) -> datetime:
    """For ordering only: without a readable OBX-14 it counts as the oldest."""
    try:
        return moment(found.segment.text(14), hospital_zone()).value
    except ValueError:
        return _NEVER


def _sign_of(mapping: Mapping, found: Observation) -> tuple[str, str | bool | None]:
    """The field and its value; None, and reported, for what is no sign or none that can be used."""
    codes = {plain(code) if not code[:1].isdigit() else code for code, _ in found.codes}
    if codes & _CONSCIOUSNESS:
        return "consciencia", _consciousness(mapping, found)
    if codes & _OXYGEN:
        return "o2_suplementar", _oxygen(mapping, found, bool(codes & _OXYGEN_FRACTION))
    sign = next((sign for sign in _SIGNS if codes & sign.codes), None)
    if sign is None:
        mapping.odd(found.segment.at(3), "sinal_desconhecido", "nem LOINC de sinal vital nem nome conhecido")
        return "", None
    return sign.field, _measure(mapping, sign, found)


def _measure(mapping: Mapping, sign: Sign, found: Observation) -> str | None:
    if found.unit.casefold().replace(" ", "") not in sign.units:
        mapping.odd(found.segment.at(6), "unidade_desconhecida", f"unidade não aceita para {sign.field}")
        return None
    value = measured(mapping, found)
    if value is None:
        return None
    if not is_measurement(value):
        mapping.odd(found.place, "valor_implausivel", f"{sign.field}: número fora de qualquer medida, não foi usado")
        return None
    return format(value.normalize(), "f")


def _consciousness(mapping: Mapping, found: Observation) -> str | None:
    """ACVPU; the Portuguese AVDI/AVDN letters D (dor) and I or N are P and U ◇."""
    level = _LEVELS.get(plain(found.text))
    if level is None:
        mapping.odd(found.place, "valor_nao_compreendido", "consciência: use A, C, V, P ou U")
    return level


def _oxygen(mapping: Mapping, found: Observation, is_fraction: bool) -> bool | None:
    """A flow or an inspired fraction says whether there is a supplement; so does S or N."""
    said = plain(found.text)
    if said in _YES | _NO:
        return said in _YES
    try:
        number = found.number()
    except ValueError as error:
        mapping.odd(found.place, "valor_nao_compreendido", str(error))
        return None
    return _supplemental(number, is_fraction or "%" in found.unit)


def _supplemental(number: Number, is_fraction: bool) -> bool:
    """A flow above zero, or more oxygen than air has: in %, or as a part of one (`0.40`)."""
    if not is_fraction:
        return number.value > 0
    percent = number.value * 100 if number.value <= 1 else number.value
    return percent > _OXYGEN_OF_AIR_PCT
