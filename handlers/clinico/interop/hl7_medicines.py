"""AL1 → alergias; RXE, RXO and RXR → medicines."""

from __future__ import annotations

from shared.hl7.fields import number
from shared.hl7.groups import withdrawal
from shared.hl7.mapping import Mapping
from shared.hl7.message import Segment
from shared.hl7.observations import plain
from shared.hl7.problems import Fault

# "No known allergy": SNOMED CT 716186003 ✔, the usual abbreviations, the usual words ◇.
_NONE_CODES = {"716186003", "NKA", "NKDA"}
_NONE_WORDS = {"NEGAALERGIAS", "NEGA", "SEMALERGIAS", "NEGAALERGIA", "SEMALERGIASCONHECIDAS"}

_FIELDS = {"RXE": (2, 3, 5), "RXO": (1, 2, 4)}  # name, dose, unit
_NO_CONTROL = Segment("ORC", "ORC", ())

Stated = tuple[str, str]


def allergies(mapping: Mapping) -> list[Stated] | None:
    """(words, place) of each AL1-3; an empty list when the message says that there are none; None when it is silent."""
    found: list[Stated] = []
    denied = False
    for value in mapping.message.values("AL1", 3):
        words = value.text(2) or value.text(1)
        if value.text(1).upper() in _NONE_CODES or plain(words) in _NONE_WORDS:
            denied = True
        elif words:
            found.append((words, value.place))
        else:
            mapping.odd(value.place, "alergia_sem_nome", "AL1-3 vazio")
    if denied and found:
        mapping.odd("AL1-3", "alergias_contraditorias", "a mensagem nega alergias e lista alergias: valem as listadas")
    return found if found or denied else None


def put_allergies(mapping: Mapping, stated: list[Stated] | None) -> None:
    """Silence stays absent: the rules treat "not informed" and "none" differently."""
    if stated is None:
        mapping.absent("alergias")
    elif not stated:
        mapping.put("alergias", [], "AL1-3")
    for position, (words, place) in enumerate(stated or ()):
        mapping.put(f"alergias.{position}", words, place)


def put_medicines(mapping: Mapping, path: str) -> None:
    """RXE-2, 3, 5 (or RXO-1, 2, 4) with the RXR that follows. An RXO that an RXE encodes again is not listed twice."""
    orders = _standing(mapping)
    if not orders:
        mapping.absent(path)
    listed = 0
    for segment in orders:
        if _put_medicine(mapping, f"{path}.{listed}", segment):
            listed += 1


def _standing(mapping: Mapping) -> list[Segment]:
    """The orders of medicines that still hold; the others are reported."""
    control = _NO_CONTROL
    found: list[tuple[Segment, Segment]] = []
    for segment in mapping.message.segments:
        if segment.name == "ORC":
            control = segment
        elif segment.name in _FIELDS:
            encoded = found[-1] if found and segment.name == "RXE" else None
            if encoded and encoded[0] is control and encoded[1].name == "RXO":
                found.pop()
            found.append((control, segment))
    standing = []
    for control, segment in found:
        place = withdrawal(control)
        if place is None:
            standing.append(segment)
        else:
            mapping.odd(place, Fault.PEDIDO_NAO_VIGENTE, "o medicamento foi suspenso ou concluído: não foi usado")
    return standing


def _put_medicine(mapping: Mapping, path: str, segment: Segment) -> bool:
    name, dose, unit = _FIELDS[segment.name]
    words = segment.value(name)
    if not (mapping.text(f"{path}.nome", words, 2) or mapping.text(f"{path}.nome", words)):
        mapping.odd(segment.at(name), "medicamento_sem_nome", "nem código nem nome")
        return False
    _put_dose(mapping, path, segment, dose, unit)
    route = _route_after(mapping, segment)
    if route is not None and not mapping.text(f"{path}.via", route.value(1), 2):
        mapping.text(f"{path}.via", route.value(1))
    return True


def _put_dose(mapping: Mapping, path: str, segment: Segment, dose: int, unit: int) -> None:
    """Together or not at all: a dose without its unit says nothing."""
    amount = segment.text(dose)
    words = segment.text(unit) or segment.text(unit, 2)
    if not amount:
        return
    try:
        value = number(amount, strict_dot=True)
    except ValueError as error:
        mapping.odd(segment.at(dose), "dose_nao_compreendida", str(error))
        return
    if value.comparator or not words:
        mapping.odd(segment.at(dose), "dose_nao_compreendida", "dose sem unidade, ou com comparador")
        return
    mapping.put(f"{path}.dose", str(value.value), segment.at(dose))
    mapping.put(f"{path}.unidade", words, segment.at(unit))


def _route_after(mapping: Mapping, order: Segment) -> Segment | None:
    segments = mapping.message.segments
    for segment in segments[segments.index(order) + 1 :]:
        if segment.name == "RXR":
            return segment
        if segment.name in ("RXE", "RXO", "ORC"):
            return None
    return None
