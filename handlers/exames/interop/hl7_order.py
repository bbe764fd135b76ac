"""ORM^O01, OML^O21, OMI^O23 → exames.exame and exames.imagem."""

from __future__ import annotations

from decimal import Decimal

from handlers.exames.requests.exame import code_system
from handlers.exames.requests.imagem import plausible_creatinine
from handlers.exames.tables.creatinine import milligrams_per_decilitre
from handlers.exames.tables.hl7 import HL7
from shared.hl7.diagnoses import put_first_diagnosis
from shared.hl7.groups import OrderGroup, order_groups, withdrawal
from shared.hl7.mapping import Mapping
from shared.hl7.message import Segment, Value
from shared.hl7.observations import Observation, observations
from shared.hl7.people import put_professional
from shared.hl7.problems import Fault, unusable
from shared.hl7.reading import begin, put_notes, put_person_observation
from shared.hl7.times import put_moment
from shared.interop import Mapped

EXAM_KINDS = ("ORM^O01", "OML^O21")
IMAGING_KINDS = ("ORM^O01", "OMI^O23")
_UNDERSTOOD = frozenset(["MSH", "PID", "PV1", "ORC", "OBR", "OBX", "NTE"])
_OF_AN_EXAM = _UNDERSTOOD | {"DG1", "TQ1"}
_OF_IMAGING = _UNDERSTOOD | {"AL1"}
_URGENT = {"S", "A"}  # table HL70027 ✔: stat, as soon as possible
_SIDES = {"R": "direita", "D": "direita", "L": "esquerda", "E": "esquerda", "B": "bilateral"}
# LOINC ✔: serum in mass, in moles; blood. Local ◇
_CREATININE = {"2160-0", "14682-9", "38483-4", "CREA", "CREATININA"}
_CONTRAST = ("contraste", "iodo", "iodado", "gadolinio", "gadolínio")


def read_exam(raw: bytes) -> Mapped:
    """One order. Raises UnusableMessage for several, which would be several tasks."""
    mapping = begin(raw, EXAM_KINDS)
    group = _only_group(mapping)
    order = group.order
    _put_code(mapping, order.value(4))
    _put_indication(mapping, group)
    put_first_diagnosis(mapping, "cid")
    mapping.put("urgencia", _is_urgent(group), _priority_place(group))
    _put_common(mapping, group, _OF_AN_EXAM)
    for found in observations(mapping, group.observations):
        if not put_person_observation(mapping, found):
            mapping.odd(found.segment.at(3), "observacao_nao_usada", "sem campo nesta solicitação")
    return mapping.result()


def read_imaging(raw: bytes) -> Mapped:
    """One imaging order; OBR-24 says its kind. Raises UnusableMessage for several."""
    mapping = begin(raw, IMAGING_KINDS)
    group = _only_group(mapping)
    order = group.order
    kind = HL7.current().imaging_type(order.text(24))
    if kind is not None:
        mapping.put("tipo_exame", kind, order.at(24))
    else:
        mapping.absent("tipo_exame")
    if not (mapping.text("regiao", order.value(4), 2) or mapping.text("regiao", order.value(15), 4)):
        mapping.absent("regiao")
    side = order.value(15)
    if side.text(5):
        _put_side(mapping, side)
    put_moment(mapping, "solicitado_em", (group.segment("ORC").value(9), 1), (order.value(6), 1), (order.value(22), 1))
    mapping.absent("contraste")
    _put_contrast_allergy(mapping)
    _put_common(mapping, group, _OF_IMAGING)
    for found in observations(mapping, group.observations):
        if not put_person_observation(mapping, found) and not _put_creatinine(mapping, found):
            mapping.odd(found.segment.at(3), "observacao_nao_usada", "sem campo nesta solicitação")
    return mapping.result()


def _only_group(mapping: Mapping) -> OrderGroup:
    groups = order_groups(mapping.message)
    if not groups:
        raise unusable("OBR", Fault.SEGMENTO_AUSENTE, "a mensagem não traz o segmento OBR")
    if len(groups) > 1:
        raise unusable(groups[1].order.place, Fault.VALOR_INVALIDO, "uma mensagem por solicitação: há mais de um OBR")
    _refuse_withdrawn(groups[0].segment("ORC"))
    return groups[0]


def _refuse_withdrawn(control: Segment) -> None:
    """A message that takes an order back asks for nothing."""
    place = withdrawal(control)
    if place is not None:
        reason = "o pedido foi cancelado, interrompido, concluído, substituído ou feito por engano"
        raise unusable(place, Fault.PEDIDO_NAO_VIGENTE, reason)


def _put_code(mapping: Mapping, value: Value) -> None:
    """OBR-4: the first of its two codes that has the form of TUSS, SIGTAP or LOINC."""
    for component in (1, 4):
        text = value.text(component)
        try:
            code_system(text)
        except ValueError:
            continue
        mapping.put("codigo", text, value.at(component))
        return
    if not mapping.text("codigo", value):
        mapping.absent("codigo")


def _put_indication(mapping: Mapping, group: OrderGroup) -> None:
    order = group.order
    sources = ((order.value(13), 1), (order.value(31), 2), (order.value(31), 1), (group.segment("ORC").value(16), 2))
    if not any(mapping.text("indicacao_clinica", value, component) for value, component in sources):
        mapping.absent("indicacao_clinica")


def _is_urgent(group: OrderGroup) -> bool:
    order, control, timing = group.order, group.segment("ORC"), group.segment("TQ1")
    said = {control.text(7, 6), timing.text(9), order.text(27, 6), order.text(5)}
    return any(text.upper() in _URGENT for text in said)


def _priority_place(group: OrderGroup) -> str:
    return group.segment("TQ1").at(9) if group.all("TQ1") else "ORC-7.6"


def _put_common(mapping: Mapping, group: OrderGroup, understood: frozenset[str]) -> None:
    order, control, visit = group.order, group.segment("ORC"), mapping.message.segment("PV1")
    put_professional(mapping, (control, 12), (order, 16), (visit, 7), required=False)
    put_notes(mapping)
    mapping.unread(understood)


def _put_side(mapping: Mapping, value: Value) -> None:
    side = _SIDES.get(value.text(5)[:1].upper())
    if side is None:
        mapping.odd(value.at(5), "lateralidade_nao_compreendida", "use R, L ou B")
    else:
        mapping.put("lateralidade", side, value.at(5))


def _put_contrast_allergy(mapping: Mapping) -> None:
    """Only a stated allergy is mapped: silence of AL1 is no statement that there is none."""
    for value in mapping.message.values("AL1", 3):
        words = f"{value.text()} {value.text(2)}".casefold()
        if any(word in words for word in _CONTRAST):
            mapping.put("alergia_contraste", True, value.place)
            return
    mapping.absent("alergia_contraste")


def _put_creatinine(mapping: Mapping, found: Observation) -> bool:
    """Serum creatinine in mg/dL with its time; True when the observation was one."""
    if not any(code.upper() in _CREATININE for code, _ in found.codes):
        return False
    value = _creatinine(mapping, found)
    if value is not None:
        mapping.put("creatinina_mg_dl", str(value), found.place)
        put_moment(mapping, "creatinina_em", (found.segment.value(14), 1))
    return True


def _creatinine(mapping: Mapping, found: Observation) -> Decimal | None:
    """In mg/dL; what is no measurement in a known unit is reported."""
    try:
        number = found.number()
    except ValueError as error:
        mapping.odd(found.place, "valor_nao_compreendido", str(error))
        return None
    if number.comparator:
        mapping.odd(found.place, "valor_com_comparador", "é um limite, não uma medida")
        return None
    try:
        value = milligrams_per_decilitre(number.value, found.unit)
    except ValueError as error:
        mapping.odd(found.segment.at(6), "unidade_desconhecida", str(error))
        return None
    if not plausible_creatinine(value):
        mapping.odd(found.place, "valor_implausivel", "creatinina implausível na unidade: não foi usada")
        return None
    return value
