"""Observations of the vital-signs profiles as `sinais_vitais`."""

from __future__ import annotations

from decimal import Decimal

from handlers.clinico.requests import is_measurement
from shared.fhir.bundle import Bundle
from shared.fhir.codes import has_code
from shared.fhir.node import Found
from shared.fhir.observations import Observations
from shared.fhir.quantities import CELSIUS, MILLIMETRE_OF_MERCURY, PER_MINUTE, PERCENT, SCORE, measured

# LOINC codes of the FHIR R4 vital-signs profiles; the components of panel 85354-9 are found by their own codes.
_WHOLE: tuple[tuple[str, tuple[str, ...], dict[str, Decimal]], ...] = (
    ("fr_irpm", ("9279-1",), PER_MINUTE),
    ("spo2_pct", ("59408-5", "2708-6"), PERCENT),
    ("pas_mmhg", ("8480-6",), MILLIMETRE_OF_MERCURY),
    ("pad_mmhg", ("8462-4",), MILLIMETRE_OF_MERCURY),
    ("fc_bpm", ("8867-4",), PER_MINUTE),
    ("glasgow", ("9269-2",), SCORE),
)
_TEMPERATURE = ("8310-5", "8331-1", "8328-7", "8332-9")  # body, oral, axillary, rectal
_CONSCIOUSNESS = ("67775-7", "80288-4")  # Level of responsiveness; Level of consciousness
_ACVPU_LOINC = {"A": {"LA9340-6"}, "V": {"LA17108-4"}, "P": {"LA17107-6"}, "U": {"LA9343-0"}}  # answers of 67775-7 ◇
_ACVPU_SNOMED = {
    "A": {"248234008", "A"},
    "C": {"130987000", "C"},
    "V": {"300202002", "V"},
    "P": {"450847001", "P"},
    "U": {"422768004", "U"},
}  # SNOMED CT findings as the UK NEWS2 FHIR observations use them ◇; the bare letters are the scale's own
_OXYGEN_FLOW = ("3151-8", "19835-8")  # Inhaled oxygen flow rate ◇
_OXYGEN_FRACTION = ("3150-6",)  # Inhaled oxygen concentration
_FRACTION = PERCENT | {"1": Decimal(100), "{fraction}": Decimal(100)}
_AIR = Decimal("21.5")  # % of oxygen up to which it is room air


def map_vital_signs(bundle: Bundle, observations: Observations) -> None:
    """Fill `sinais_vitais` from the latest Observation of each sign."""
    for field, codes, units in _WHOLE:
        measure = observations.latest(*codes)
        if measure is not None:
            found = _score(measure.part.leaf("valueInteger")) if units is SCORE else None
            found = found or measured(measure.part.child("valueQuantity"), units, bundle.reading)
            bundle.reading.put(f"sinais_vitais.{field}", _measurement(bundle, found))
    temperature = observations.latest(*_TEMPERATURE)
    if temperature is not None:
        found = measured(temperature.part.child("valueQuantity"), CELSIUS, bundle.reading)
        bundle.reading.put("sinais_vitais.temperatura_c", _measurement(bundle, found))
    _consciousness(bundle, observations)
    _oxygen(bundle, observations)
    bundle.reading.put("sinais_vitais.escala_spo2", observations.field("escala_spo2"))


def _measurement(bundle: Bundle, found: Found | None) -> Found | None:
    if found is None or is_measurement(found.value):
        return found
    bundle.reading.puzzle(found.place, "valor_implausivel", "número fora de qualquer medida, não foi usado")
    return None


def _score(found: Found | None) -> Found | None:
    return None if found is None else Found(found.place, Decimal(found.value))


def _consciousness(bundle: Bundle, observations: Observations) -> None:
    measure = observations.latest(*_CONSCIOUSNESS)
    if measure is None:
        return
    concept = measure.part.child("valueCodeableConcept")
    letters = {letter: _ACVPU_SNOMED[letter] | _ACVPU_LOINC.get(letter, set()) for letter in _ACVPU_SNOMED}
    letter = next((letter for letter, codes in letters.items() if has_code(concept, codes)), None)
    if letter is None:
        bundle.reading.puzzle(measure.part.place, "codigo_desconhecido", "resposta de consciência fora da escala ACVPU")
    else:
        bundle.reading.put("sinais_vitais.consciencia", Found(f"{measure.part.place}.valueCodeableConcept", letter))


def _oxygen(bundle: Bundle, observations: Observations) -> None:
    """Our own field when stated; else a flow above zero or a fraction above air's."""
    found = observations.field("o2_suplementar")
    flow, fraction = observations.latest(*_OXYGEN_FLOW), observations.latest(*_OXYGEN_FRACTION)
    if found is None and flow is not None:
        litres = measured(flow.part.child("valueQuantity"), {"L/min": Decimal(1)}, bundle.reading)
        found = None if litres is None else Found(litres.place, litres.value > 0)
    if found is None and fraction is not None:
        percent = measured(fraction.part.child("valueQuantity"), _FRACTION, bundle.reading)
        found = None if percent is None else Found(percent.place, percent.value > _AIR)
    bundle.reading.put("sinais_vitais.o2_suplementar", found)
