"""ORU^R01 → exames.hemograma."""

from __future__ import annotations

from handlers.exames.interop.clipping import LONGEST_NAME, LONGEST_UNIT, clipped
from handlers.exames.requests.hemograma import LONGEST_TEXT, fits
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.hl7 import HL7
from handlers.exames.tables.motives import Motivo
from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import measured
from shared.hl7.fields import reference_range
from shared.hl7.groups import OrderGroup, order_groups
from shared.hl7.mapping import Mapping
from shared.hl7.observations import LOINC, Observation, coded, observations
from shared.hl7.people import put_professional
from shared.hl7.problems import Fault, unusable
from shared.hl7.reading import begin, put_notes, put_person_observation
from shared.hl7.times import put_moment
from shared.interop import SHORTENED, Mapped, shortened

KINDS = ("ORU^R01",)
_UNDERSTOOD = frozenset(["MSH", "PID", "PV1", "ORC", "OBR", "OBX", "NTE", "SPM", "SFT", "TQ1"])
_RANK = {"C": 2, "F": 1, "U": 1}  # a correction before a final result before a preliminary one

_Line = tuple[Parametro, Observation]


def read_hemogram(raw: bytes) -> Mapped:
    """Raises UnusableMessage when no hemogram can be made of the message, naming the place."""
    mapping = begin(raw, KINDS)
    message = mapping.message
    groups = _hemogram_groups(mapping)
    lines = _best_of_each([line for group in groups for line in _lines(mapping, group)])
    if not lines:
        raise unusable("OBX-3", Fault.CAMPO_AUSENTE, "nenhum OBX traz um parâmetro de hemograma com valor")
    _put_sample(mapping, groups)
    seen: set[Parametro] = set()
    for number, (parameter, found) in enumerate(lines):
        if parameter in seen:
            mapping.odd(found.place, "resultado_repetido", f"{parameter.value}: resultados diferentes não são usados")
        seen.add(parameter)
        _put_line(mapping, f"resultados.{number}", parameter, found)
    order = groups[0].order
    put_professional(mapping, (order, 16), (groups[0].segment("ORC"), 12), (message.segment("PV1"), 7), required=False)
    put_notes(mapping)
    mapping.unread(_UNDERSTOOD)
    return mapping.result()


def _hemogram_groups(mapping: Mapping) -> list[OrderGroup]:
    """The groups that hold a hemogram or a part of it; of several, those whose OBR-4 says so. One collection."""
    groups = order_groups(mapping.message)
    if not groups:
        raise unusable("OBR", Fault.SEGMENTO_AUSENTE, "a mensagem não traz o segmento OBR")
    chosen: list[OrderGroup] = []
    for group in groups:
        if len(groups) == 1 or _says_hemogram(group):
            chosen.append(group)
        else:
            mapping.odd(group.order.at(4), "exame_nao_usado", "não é um hemograma: envie-o pelo evento próprio")
    if not chosen:
        raise unusable("OBR-4", Fault.VALOR_INVALIDO, "nenhum dos exames da mensagem é um hemograma")
    if len({_collected(group) for group in chosen}) > 1:
        raise unusable(
            chosen[1].order.at(7), Fault.VARIAS_COLETAS, "uma mensagem por coleta: há hemogramas de horas diferentes"
        )
    return chosen


def _says_hemogram(group: OrderGroup) -> bool:
    pairs, names = coded(group.order.value(4))
    return any(map(HL7.current().is_hemogram, (*(code for code, _ in pairs), *names)))


def _collected(group: OrderGroup) -> str:
    return group.segment("SPM").text(17) or group.order.text(7)


def _lines(mapping: Mapping, group: OrderGroup) -> list[_Line]:
    lines: list[_Line] = []
    loinc = _by_loinc()
    for found in observations(mapping, group.observations):
        if put_person_observation(mapping, found):
            continue
        parameter = _parameter(found, loinc)
        if parameter is None:
            mapping.odd(found.segment.at(3), "parametro_desconhecido", "nem LOINC de hemograma nem mnemônico da tabela")
        else:
            lines.append((parameter, found))
    return lines


def _parameter(found: Observation, loinc: dict[str, Parametro]) -> Parametro | None:
    for code, system in found.codes:
        if system in (LOINC, "") and code in loinc:
            return loinc[code]
    table = HL7.current()
    names = [code for code, system in found.codes if system != LOINC] + list(found.names)
    return next((known for name in names if (known := table.parameter(name, found.unit))), None)


def _by_loinc() -> dict[str, Parametro]:
    """LOINC with or without method. The table notes a manual method in words behind the code."""
    rows = HEMOGRAMA.current().parametros
    return {code.split()[0]: row.campo for row in rows for code in (row.loinc, row.loinc_sem_metodo) if code}


def _best_of_each(lines: list[_Line]) -> list[_Line]:
    """A correction replaces what came before. Two that differ and rank equal both stay: the rules set them aside."""
    best: dict[Parametro, int] = {}
    for parameter, found in lines:
        best[parameter] = max(best.get(parameter, 0), _RANK.get(found.status, 0))
    kept: dict[tuple[Parametro, str, str], _Line] = {}
    for parameter, found in lines:
        if _RANK.get(found.status, 0) == best[parameter]:
            kept.setdefault((parameter, found.text, found.unit), (parameter, found))
    return list(kept.values())


def _put_line(mapping: Mapping, path: str, parameter: Parametro, found: Observation) -> None:
    mapping.put(f"{path}.parametro", parameter.value, found.segment.at(3))
    _put_value(mapping, path, parameter, found)
    if found.unit:
        mapping.put(f"{path}.unidade", clipped(found.unit, LONGEST_UNIT), found.segment.at(6))
    else:
        mapping.absent(f"{path}.unidade")
    _put_range(mapping, path, found)


def _put_value(mapping: Mapping, path: str, parameter: Parametro, found: Observation) -> None:
    """As it came: the rules set aside what is no measurement, and here the report says so."""
    try:
        number = found.number()
        if not fits(number.value):
            raise ValueError("tem dígitos demais")
    except ValueError as error:
        mapping.put(f"{path}.valor_texto", clipped(found.text, LONGEST_TEXT), found.place)
        mapping.odd(found.place, Motivo.NAO_NUMERICO, f"{parameter.value}: {error}")
        return
    mapping.put(f"{path}.valor", str(number.value), found.place)
    if number.comparator:
        mapping.put(f"{path}.comparador", number.comparator, found.place)
        mapping.odd(found.place, "valor_com_comparador", f"{parameter.value}: é um limite, não uma medida")
    value = measured(parameter, number.value, found.unit)
    if isinstance(value, Motivo):
        place = found.segment.at(6) if value is Motivo.UNIDADE_DESCONHECIDA else found.place
        mapping.odd(place, value, f"{parameter.value}: {value.words}; não foi interpretado")


def _put_range(mapping: Mapping, path: str, found: Observation) -> None:
    place, text = found.segment.at(7), found.segment.text(7)
    if not text:
        return
    try:
        limits = reference_range(text)
    except ValueError as error:
        mapping.odd(place, "referencia_nao_compreendida", str(error))
        return
    for field, bound in (("ref_min", limits.low), ("ref_max", limits.high)):
        if bound is not None:
            mapping.put(f"{path}.{field}", str(bound), place)


def _put_sample(mapping: Mapping, groups: list[OrderGroup]) -> None:
    """SPM before OBR: the specimen knows when it was collected, the order only when it was asked to be."""
    specimen, order = groups[0].segment("SPM"), groups[0].order
    put_moment(mapping, "coleta_em", (specimen.value(17), 1), (order.value(7), 1))
    kind, source = specimen.value(4), order.value(15)
    for value, component, sub in ((kind, 2, 1), (kind, 1, 1), (source, 1, 2), (source, 1, 1)):
        if value.text(component, sub):
            _put_name(mapping, "amostra", value.text(component, sub), value.at(component))
            break
    else:
        mapping.absent("amostra")
    device = next((segment for group in groups for segment in group.observations if segment.text(18)), None)
    if device is not None:
        _put_name(mapping, "equipamento", device.text(18), device.at(18))


def _put_name(mapping: Mapping, path: str, text: str, place: str) -> None:
    """What it was done on or with, shortened rather than refused: it decides no finding."""
    kept = clipped(text, LONGEST_NAME)
    mapping.put(path, kept, place)
    if kept != text:
        mapping.odd(place, SHORTENED, shortened(LONGEST_NAME))
