"""A FHIR R4 Bundle as `exame`, `hemograma` or `imagem`."""

from __future__ import annotations

from handlers.exames.interop.fhir_hemogram import map_hemogram, report_of
from handlers.exames.interop.fhir_imaging import map_imaging
from handlers.exames.requests.exame import PedidoExame
from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.requests.imagem import PedidoImagem
from shared.fhir.bundle import Bundle
from shared.fhir.codes import LOINC, SIGTAP, TUSS, coded
from shared.fhir.node import Node
from shared.fhir.observations import Observations
from shared.fhir.orders import is_urgent, only_order, reason
from shared.fhir.patient_state import map_patient_state
from shared.fhir.people import map_establishment, map_patient, map_professional
from shared.fhir.reading import Reading
from shared.interop import FHIR_JSON, Mapped


def read_exame(body: bytes) -> Mapped:
    """From a ServiceRequest. Raises UnusableDocument."""
    bundle = Bundle(body, Reading(FHIR_JSON))
    order = only_order(bundle, "ServiceRequest")
    patient, _ = _who(bundle, order)
    code = order.child("code")
    found = next((found for system in (TUSS, SIGTAP, LOINC) if (found := coded(code, system))), None)
    if found is None and code is not None:
        bundle.reading.puzzle(code.place, "codigo_desconhecido", "o exame deve trazer um código TUSS, SIGTAP ou LOINC")
    bundle.reading.put("codigo", found)
    indication, cid = reason(order, patient, bundle)
    bundle.reading.put("indicacao_clinica", indication)
    bundle.reading.put("cid", cid)
    bundle.reading.put("urgencia", is_urgent(order))
    bundle.reading.put("solicitado_em", order.leaf("authoredOn"))
    return bundle.finish(PedidoExame)


def read_imagem(body: bytes) -> Mapped:
    """From a ServiceRequest and what surrounds it. Raises UnusableDocument."""
    bundle = Bundle(body, Reading(FHIR_JSON))
    order = only_order(bundle, "ServiceRequest")
    patient, observations = _who(bundle, order)
    map_imaging(bundle, order, patient, observations)
    return bundle.finish(PedidoImagem, ("tipo_exame",))


def read_hemograma(body: bytes) -> Mapped:
    """From a DiagnosticReport, or from Observations alone. Raises UnusableDocument."""
    bundle = Bundle(body, Reading(FHIR_JSON))
    focus = report_of(bundle)
    patient, observations = _who(bundle, focus)
    map_hemogram(bundle, focus, patient, observations)
    return bundle.finish(PedidoHemograma)


def _who(bundle: Bundle, focus: Node) -> tuple[Node | None, Observations]:
    """Fill patient, professional and establishment from whom the order or report names."""
    patient = map_patient(bundle, focus)
    observations = Observations(bundle, patient)
    map_patient_state(bundle, observations)
    requester = focus.child("requester")
    if requester is not None:
        map_professional(bundle, requester, focus)
    for performer in focus.children("performer"):
        actor = bundle.references.resolve(performer, focus)
        if actor is not None and actor.kind == "Organization":
            map_establishment(bundle, performer, focus)
        elif actor is not None and requester is None and not bundle.reading.has("profissional"):
            map_professional(bundle, performer, focus)
    return patient, observations
