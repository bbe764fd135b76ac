"""ServiceRequest: the one order of a Bundle, its codes, reasons and urgency."""

from __future__ import annotations

from shared.fhir.bundle import Bundle
from shared.fhir.codes import ICD10, coded, words
from shared.fhir.conditions import condition_code
from shared.fhir.node import Found, Node

_WITHDRAWN = {"revoked", "cancelled", "entered-in-error", "completed"}
_URGENT = {"urgent", "asap", "stat"}


def only_order(bundle: Bundle, *kinds: str) -> Node:
    """The Bundle's one order. Raises UnusableDocument for none, several, a withdrawn one or a prohibition."""
    found = bundle.of(*kinds)
    names = " ou ".join(kinds)
    if not found:
        raise bundle.unusable("Bundle.entry", "sem_pedido", f"o Bundle não traz um {names} que se possa usar")
    if len(found) > 1:
        reason = f"o documento traz mais de um {names}; envie um por Bundle"
        raise bundle.unusable(found[1].place, "varios_pedidos", reason)
    order = bundle.use(found[0])
    status, negated = order.leaf("status"), order.leaf("doNotPerform")
    if status is not None and status.value in _WITHDRAWN:
        raise bundle.unusable(
            status.place, "pedido_nao_vigente", "o pedido foi revogado, cancelado, concluído ou feito por engano"
        )
    if negated is not None and negated.value is True:
        raise bundle.unusable(negated.place, "pedido_negado", "doNotPerform pede que não se faça")
    return order


def is_urgent(order: Node) -> Found | None:
    """From `priority`: urgent, asap and stat are; routine is not."""
    priority = order.leaf("priority")
    return None if priority is None else Found(priority.place, priority.value in _URGENT)


def reason(order: Node, patient: Node | None, bundle: Bundle) -> tuple[Found | None, Found | None]:
    """Why it is asked for: the words, and the CID-10 code, of reasonCode or of the Conditions referred to."""
    concepts = order.concepts("reasonCode")
    text = next((found for found in map(words, concepts) if found), None)
    code = next((found for concept in concepts if (found := coded(concept, ICD10))), None)
    for reference in order.children("reasonReference"):
        condition = bundle.follow(reference, order, "Condition")
        if condition is None:
            continue
        stated = condition_code(condition, patient, bundle)
        code = code or stated
        text = text or (words(condition.child("code")) if stated else None)
    return text, code
