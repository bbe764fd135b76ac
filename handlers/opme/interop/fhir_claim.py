"""Claim with use `preauthorization`: who pays, why, for which procedure, which materials at which price."""

from __future__ import annotations

from handlers.opme.interop.fhir_item import day_of, map_device_identity, reais
from handlers.opme.interop.fhir_quotations import map_quotations
from shared.fhir.bundle import Bundle
from shared.fhir.codes import FIELD, SIGTAP, TUSS, code_system, coded, has_code, naming_system, words
from shared.fhir.conditions import condition_code, diagnosis_of
from shared.fhir.node import Found, Node
from shared.fhir.people import map_establishment, map_professional

# HL7 processpriority; our table knows elective, urgent and others.
_PRIORITIES = {"eletiva": {"normal", "deferred"}, "urgencia": {"stat"}}
_TABLES = {TUSS: "19", SIGTAP: "sigtap"}
"""TISS names of the tables of materials: 19 is TUSS materials and OPME."""
_JUSTIFICATION, _SPECIFICATION = "justificativa_tecnica", "especificacao_material"
PREFERENCE = "urn:plantao:opcao-fabricante"
"""Codes 1 to 3 of an item's `modifier`: the physician's order of preference of the maker."""


def map_claim(bundle: Bundle, claim: Node, patient: Node | None) -> None:
    """Fill the request from the Claim. Raises UnusableDocument for a Claim that asks for no authorisation."""
    use = claim.leaf("use")
    if use is None or use.value != "preauthorization":
        reason = "o Claim deve ter use igual a preauthorization"
        raise bundle.unusable(f"{claim.place}.use", "nao_e_pedido_de_autorizacao", reason)
    bundle.reading.put("data_solicitacao", day_of(claim.leaf("created")))
    _numbers(bundle, claim)
    _people(bundle, claim)
    _priority(bundle, claim)
    _diagnosis(bundle, claim, patient)
    _procedure(bundle, claim)
    _reasons(bundle, claim)
    index = 0
    for item in claim.children("item"):
        _item(bundle, claim, item, f"itens.{index}")
        index += bundle.reading.has(f"itens.{index}")
    map_quotations(bundle, claim)


def _numbers(bundle: Bundle, claim: Node) -> None:
    identifiers = claim.children("identifier")
    official = [item for item in identifiers if naming_system(item) == "numero-guia"]
    for identifier in (official or identifiers)[:1]:
        bundle.reading.put("numero_guia", identifier.leaf("value"))
    insurer = bundle.follow(claim.child("insurer"), claim, "Organization")
    for identifier in insurer.children("identifier") if insurer else []:
        if naming_system(identifier).startswith(("ans", "registro-ans")) and not bundle.reading.has("registro_ans"):
            bundle.reading.put("registro_ans", identifier.leaf("value"))


def _people(bundle: Bundle, claim: Node) -> None:
    """The provider is the establishment, or the physician who asks; a care team names the physician."""
    provider = claim.child("provider")
    actor = bundle.references.resolve(provider, claim) if provider else None
    if actor is not None and actor.kind == "Organization":
        map_establishment(bundle, provider, claim)
    elif actor is not None:
        map_professional(bundle, provider, claim)
    for member in claim.children("careTeam"):
        if not bundle.reading.has("profissional"):
            map_professional(bundle, member.child("provider"), claim)
    if not bundle.reading.has("estabelecimento"):
        map_establishment(bundle, claim.child("facility"), claim)


def _priority(bundle: Bundle, claim: Node) -> None:
    priority = claim.child("priority")
    if priority is not None:
        word = next((word for word, codes in _PRIORITIES.items() if has_code(priority, codes)), "outros")
        bundle.reading.put("carater", Found(priority.place, word))


def _diagnosis(bundle: Bundle, claim: Node, patient: Node | None) -> None:
    """The first in sequence is the one that the request stands on."""
    for item in sorted(claim.children("diagnosis"), key=lambda item: _sequence(item)):
        condition = bundle.follow(item.child("diagnosisReference"), claim, "Condition")
        code = condition_code(condition, patient, bundle) if condition else None
        code = code or diagnosis_of(item.child("diagnosisCodeableConcept"), bundle)
        if bundle.reading.has("cid"):
            bundle.reading.puzzle(item.place, "diagnostico_adicional", "somente o primeiro diagnóstico foi lido")
        else:
            bundle.reading.put("cid", code)


def _procedure(bundle: Bundle, claim: Node) -> None:
    for item in sorted(claim.children("procedure"), key=lambda item: _sequence(item)):
        concept = item.child("procedureCodeableConcept")
        referred = bundle.follow(item.child("procedureReference"), claim, "Procedure")
        concept = concept or (referred.child("code") if referred else None)
        code = coded(concept, TUSS) or coded(concept, SIGTAP)
        if code is None:
            bundle.reading.puzzle(item.place, "codigo_desconhecido", "o procedimento deve ter código TUSS ou SIGTAP")
        elif bundle.reading.has("procedimento"):
            bundle.reading.puzzle(item.place, "procedimento_adicional", "somente o primeiro procedimento foi lido")
        else:
            bundle.reading.put("procedimento", code)
            bundle.reading.put("data_procedimento", day_of(item.leaf("date")))


def _sequence(item: Node) -> int:
    found = item.leaf("sequence")
    return int(found.value) if found else 0


def _reasons(bundle: Bundle, claim: Node) -> None:
    """`supportingInfo` coded with our field names; no public code says what a technical justification is."""
    for info in claim.children("supportingInfo"):
        field = coded(info.child("category"), FIELD) or coded(info.child("code"), FIELD)
        text = info.leaf("valueString")
        if field is not None and field.value in (_JUSTIFICATION, _SPECIFICATION) and text is not None:
            bundle.reading.put(str(field.value), text)
        else:
            bundle.reading.puzzle(info.place, "codigo_desconhecido", f"somente as categorias de {FIELD} são lidas")


def _item(bundle: Bundle, claim: Node, item: Node, field: str) -> None:
    """One material. An item without price or code still counts: completeness is for the rules to judge."""
    product = item.child("productOrService")
    for coding in product.children("coding") if product else []:
        table = _TABLES.get(code_system(coding))
        code = coding.leaf("code")
        if table is not None and code is not None and not bundle.reading.has(f"{field}.codigo"):
            bundle.reading.put(f"{field}.tabela", Found(f"{coding.place}.system", table))
            bundle.reading.put(f"{field}.codigo", code)
    bundle.reading.put(f"{field}.descricao", words(product))
    for modifier in item.concepts("modifier"):
        preference = coded(modifier, PREFERENCE)
        if preference is not None:
            bundle.reading.put(f"{field}.opcao_fabricante", preference)
    quantity = item.child("quantity")
    bundle.reading.put(f"{field}.quantidade", quantity.leaf("value") if quantity else None)
    _price(bundle, item, field)
    for reference in item.children("udi"):
        device = bundle.follow(reference, claim, "Device")
        if device is not None:
            map_device_identity(bundle, device, field)


def _price(bundle: Bundle, item: Node, field: str) -> None:
    """`net` is the price of the line. Another currency is not converted."""
    money = item.child("net") or item.child("unitPrice")
    bundle.reading.put(f"{field}.valor_solicitado", reais(bundle, money))
