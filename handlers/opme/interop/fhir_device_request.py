"""DeviceRequest: the whole request when no Claim came, and what only it says of an implant."""

from __future__ import annotations

from handlers.opme.interop.fhir_item import day_of, map_device_identity
from handlers.opme.interop.fhir_quotations import map_quotations
from shared.fhir.bundle import Bundle
from shared.fhir.codes import FIELD, SIGTAP, TUSS, code_system, coded, has_code, words
from shared.fhir.node import Found, Node
from shared.fhir.orders import is_urgent, reason
from shared.fhir.people import is_about, map_establishment, map_professional

_SIDES = {"direito": "24028007", "esquerdo": "7771000", "bilateral": "51440002"}  # SNOMED CT laterality
_IMPLANT = ("lado", "dimensao", "material")
_TABLES = {TUSS: "19", SIGTAP: "sigtap"}
_NOT_IN_FORCE = {"revoked", "entered-in-error", "completed"}


def map_device_requests(bundle: Bundle, patient: Node | None, items: bool) -> None:
    """With `items`, fill the whole request; beside a Claim the DeviceRequests only add what the Claim lacks."""
    index = 0
    for request in bundle.of("DeviceRequest"):
        if not _in_force(bundle, request) or not is_about(request, patient, bundle):
            continue
        bundle.use(request)
        if not items:
            continue
        _fill_request(bundle, request, patient)
        _item(bundle, request, f"itens.{index}")
        index += bundle.reading.has(f"itens.{index}")


def map_implant(bundle: Bundle) -> None:
    """Fill `lado`, `dimensao` and `material` from coded parameters, `lote` and `udi` from the Device."""
    for request in bundle.of("DeviceRequest"):
        for parameter in request.children("parameter"):
            _parameter(bundle, parameter)
    for device in bundle.of("Device"):
        carriers = device.children("udiCarrier")
        carrier = carriers[0].leaf("carrierHRF", "deviceIdentifier") if carriers else None
        for field, found in (("lote", device.leaf("lotNumber")), ("udi", carrier)):
            if found is not None and not bundle.reading.has(field):
                bundle.reading.put(field, found)
                bundle.use(device)


def _in_force(bundle: Bundle, request: Node) -> bool:
    status = request.leaf("status")
    if status is None or status.value not in _NOT_IN_FORCE:
        return True
    bundle.use(request)
    bundle.reading.puzzle(status.place, "pedido_nao_vigente", "revogado, concluído ou feito por engano; não foi usado")
    return False


def _fill_request(bundle: Bundle, request: Node, patient: Node | None) -> None:
    """The first DeviceRequest says what all share; a later one fills only what is still missing."""
    reading = bundle.reading
    urgent = is_urgent(request)
    text, cid = reason(request, patient, bundle)
    notes = [found for note in request.children("note") if (found := note.leaf("text"))]
    shared: dict[str, Found | None] = {
        "data_solicitacao": day_of(request.leaf("authoredOn")),
        "data_procedimento": day_of(request.leaf("occurrenceDateTime")),
        "carater": Found(urgent.place, "urgencia" if urgent.value else "eletiva") if urgent else None,
        "justificativa_tecnica": next(iter(notes), None) or text,
        "cid": cid,
        "numero_guia": next((found for item in request.children("identifier") if (found := item.leaf("value"))), None),
        "procedimento": _procedure(bundle, patient),
    }
    for field, found in shared.items():
        if not reading.has(field):
            reading.put(field, found)
    if not reading.has("profissional"):
        map_professional(bundle, request.child("requester"), request)
    if not reading.has("estabelecimento"):
        map_establishment(bundle, request.child("performer"), request)
    if not reading.has("cotacoes"):
        map_quotations(bundle, request)


def _procedure(bundle: Bundle, patient: Node | None) -> Found | None:
    """The planned procedure is a ServiceRequest or Procedure of its own."""
    for node in bundle.of("ServiceRequest", "Procedure"):
        code = coded(node.child("code"), TUSS) or coded(node.child("code"), SIGTAP)
        if code is not None and is_about(node, patient, bundle):
            bundle.use(node)
            return code
    return None


def _item(bundle: Bundle, request: Node, field: str) -> None:
    device = bundle.follow(request.child("codeReference"), request, "Device")
    concept = request.child("codeCodeableConcept") or (device.child("type") if device else None)
    for coding in concept.children("coding") if concept else []:
        table, code = _TABLES.get(code_system(coding)), coding.leaf("code")
        if table is not None and code is not None and not bundle.reading.has(f"{field}.codigo"):
            bundle.reading.put(f"{field}.tabela", Found(f"{coding.place}.system", table))
            bundle.reading.put(f"{field}.codigo", code)
    bundle.reading.put(f"{field}.descricao", words(concept))
    if device is not None:
        map_device_identity(bundle, device, field)
    for parameter in request.children("parameter"):
        name = coded(parameter.child("code"), FIELD)
        quantity = parameter.child("valueQuantity")
        if name is not None and name.value in ("quantidade", "opcao_fabricante") and quantity is not None:
            bundle.reading.put(f"{field}.{name.value}", quantity.leaf("value"))


def _parameter(bundle: Bundle, parameter: Node) -> None:
    name, concept = coded(parameter.child("code"), FIELD), parameter.child("valueCodeableConcept")
    if name is None or name.value not in _IMPLANT or concept is None or bundle.reading.has(str(name.value)):
        return
    side = next((word for word, code in _SIDES.items() if has_code(concept, {code})), None)
    found = Found(concept.place, side) if side and name.value == "lado" else words(concept)
    bundle.reading.put(str(name.value), found)
