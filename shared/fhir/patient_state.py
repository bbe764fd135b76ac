"""What Observations say of the patient as such: pregnancy, gestational age, weight, height."""

from __future__ import annotations

from shared.fhir.bundle import Bundle
from shared.fhir.codes import has_code
from shared.fhir.node import Found
from shared.fhir.observations import Observations
from shared.fhir.quantities import CENTIMETRE, KILOGRAM, WEEK, measured, whole

_PREGNANCY = ("82810-3", "11449-6")  # Pregnancy status; Pregnancy status - Reported
_GESTATIONAL_AGE = ("18185-9", "11884-4")  # Gestational age; Gestational age Estimated ◇
_WEIGHT = ("29463-7", "3141-9")  # Body weight; Body weight Measured
_HEIGHT = ("8302-2", "3137-7")  # Body height; Body height Measured
# LOINC answers and SNOMED CT findings.
_ANSWERS = {
    "sim": {"LA15173-0", "77386006"},
    "nao": {"LA26683-5", "60001007"},
    "desconhecido": {"LA4489-6", "261665006"},
}


def map_patient_state(bundle: Bundle, observations: Observations) -> None:
    """Fill `gestante`, `idade_gestacional_sem`, `peso_kg` and `altura_cm`."""
    _pregnancy(bundle, observations)
    for codes, units, field in ((_WEIGHT, KILOGRAM, "peso_kg"), (_HEIGHT, CENTIMETRE, "altura_cm")):
        measure = observations.latest(*codes)
        if measure is not None:
            quantity = measure.part.child("valueQuantity")
            bundle.reading.put(f"paciente.{field}", measured(quantity, units, bundle.reading))


def _pregnancy(bundle: Bundle, observations: Observations) -> None:
    status = observations.latest(*_PREGNANCY)
    answer = None
    if status is not None:
        concept = status.part.child("valueCodeableConcept")
        answer = next((word for word, codes in _ANSWERS.items() if has_code(concept, codes)), None)
        if answer is None:
            bundle.reading.puzzle(status.part.place, "codigo_desconhecido", "resposta de gestação não reconhecida")
        else:
            bundle.reading.put("paciente.gestante", Found(f"{status.part.place}.valueCodeableConcept", answer))
    weeks = observations.latest(*_GESTATIONAL_AGE)
    if weeks is not None and answer == "sim":
        quantity = measured(weeks.part.child("valueQuantity"), WEEK, bundle.reading)
        bundle.reading.put("paciente.idade_gestacional_sem", whole(quantity, bundle.reading))
    elif weeks is not None:
        detail = "só vale com gestação informada como sim"
        bundle.reading.puzzle(weeks.part.place, "idade_gestacional_sem_gestacao", detail)
