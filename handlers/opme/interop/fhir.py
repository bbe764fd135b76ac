"""A FHIR R4 Bundle with a Claim (preauthorization), or with DeviceRequests alone, as an OPME request."""

from __future__ import annotations

from handlers.opme.interop.fhir_claim import map_claim
from handlers.opme.interop.fhir_device_request import map_device_requests, map_implant
from handlers.opme.requests import Material, Protese, Solicitacao
from shared.fhir.bundle import Bundle
from shared.fhir.observations import Observations
from shared.fhir.orders import only_order
from shared.fhir.patient_state import map_patient_state
from shared.fhir.people import map_patient
from shared.fhir.reading import Reading
from shared.interop import FHIR_JSON, Mapped


def read_solicitacao(body: bytes) -> Mapped:
    """Raises UnusableDocument."""
    bundle, _ = _request(body)
    return bundle.finish(Solicitacao)


def read_protese(body: bytes) -> Mapped:
    """Raises UnusableDocument."""
    bundle, _ = _request(body)
    map_implant(bundle)
    return bundle.finish(Protese)


def read_material(body: bytes) -> Mapped:
    """Raises UnusableDocument."""
    bundle, observations = _request(body)
    for field in ("consumo_previsto", "uso_unico"):
        bundle.reading.put(field, observations.field(field))
    return bundle.finish(Material)


def _request(body: bytes) -> tuple[Bundle, Observations]:
    bundle = Bundle(body, Reading(FHIR_JSON))
    requests = bundle.of("DeviceRequest")
    focus = only_order(bundle, "Claim") if bundle.of("Claim") or not requests else requests[0]
    patient = map_patient(bundle, focus)
    observations = Observations(bundle, patient)
    map_patient_state(bundle, observations)
    if focus.kind == "Claim":
        map_claim(bundle, focus, patient)
    map_device_requests(bundle, patient, items=focus.kind != "Claim")
    return bundle, observations
