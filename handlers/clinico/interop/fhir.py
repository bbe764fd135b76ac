"""A FHIR R4 Bundle about one Encounter as `consulta`, `internacao` or `alta`."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from handlers.clinico.interop.fhir_diagnoses import map_diagnoses
from handlers.clinico.interop.fhir_encounter import map_admission, map_discharge, map_visit, only_encounter
from handlers.clinico.interop.fhir_medication import map_allergies, map_medications
from handlers.clinico.interop.fhir_vital_signs import map_vital_signs
from handlers.clinico.requests import Alta, Consulta, Internacao
from shared.fhir.bundle import Bundle
from shared.fhir.node import Node
from shared.fhir.observations import Observations
from shared.fhir.patient_state import map_patient_state
from shared.fhir.people import map_establishment, map_patient, map_professional
from shared.fhir.reading import Reading
from shared.interop import FHIR_JSON, Mapped

_Part = Callable[[Bundle, Node, "Node | None", Observations], None]


def read_consulta(body: bytes) -> Mapped:
    """Raises UnusableDocument."""
    return _read(body, Consulta, _visit)


def read_internacao(body: bytes) -> Mapped:
    """Raises UnusableDocument."""
    return _read(body, Internacao, _admission)


def read_alta(body: bytes) -> Mapped:
    """Raises UnusableDocument."""
    return _read(body, Alta, _discharge)


def _read(body: bytes, request: type[BaseModel], part: _Part) -> Mapped:
    reading = Reading(FHIR_JSON)
    bundle = Bundle(body, reading)
    encounter = only_encounter(bundle)
    patient = map_patient(bundle, encounter)
    observations = Observations(bundle, patient)
    map_patient_state(bundle, observations)
    _people(bundle, encounter)
    part(bundle, encounter, patient, observations)
    return bundle.finish(request)


def _people(bundle: Bundle, encounter: Node) -> None:
    for participant in encounter.children("participant"):
        if bundle.reading.has("profissional"):
            bundle.reading.puzzle(
                participant.place, "participante_sem_uso", "o profissional já veio de outro participante"
            )
        else:
            map_professional(bundle, participant.child("individual"), encounter)
    map_establishment(bundle, encounter.child("serviceProvider"), encounter)


def _visit(bundle: Bundle, encounter: Node, patient: Node | None, observations: Observations) -> None:
    _at_the_bedside(bundle, encounter, patient, observations)
    map_diagnoses(bundle, encounter, patient, "cids")


def _admission(bundle: Bundle, encounter: Node, patient: Node | None, observations: Observations) -> None:
    _at_the_bedside(bundle, encounter, patient, observations)
    map_admission(bundle, encounter, patient)
    map_diagnoses(bundle, encounter, patient)


def _at_the_bedside(bundle: Bundle, encounter: Node, patient: Node | None, observations: Observations) -> None:
    map_visit(bundle, encounter, patient)
    map_vital_signs(bundle, observations)
    map_allergies(bundle, patient)
    map_medications(bundle, patient, "medicamentos")


def _discharge(bundle: Bundle, encounter: Node, patient: Node | None, observations: Observations) -> None:
    map_discharge(bundle, encounter, patient, observations)
    map_diagnoses(bundle, encounter, patient)
    map_allergies(bundle, patient)
    map_medications(bundle, patient, "prescricao_alta")
