"""One Observation of a hemogram as one line of `resultados`."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from handlers.exames.interop.clipping import LONGEST_UNIT, clipped
from handlers.exames.requests.hemograma import LONGEST_TEXT, fits
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.hemograma import ParametroCodificado
from handlers.exames.tables.motives import Motivo
from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import measured
from shared.fhir.bundle import Bundle
from shared.fhir.codes import LOINC, code_system, has_code, words
from shared.fhir.node import Found, Node
from shared.fhir.observations import FRAME, Measure
from shared.fhir.quantities import exact, unit_of
from shared.fhir.reading import Reading

_LOINC_CODE = re.compile(r"[0-9]{1,7}-[0-9]")
_CORRECTED_LEUKOCYTES = frozenset({"12227-5", "33256-9"})
"""Leukocytes corrected for nucleated erythrocytes, without method and automated."""
_ANNOTATION = re.compile(r"\{(?!WBCs\})[^{}]*\}")  # UCUM: an annotation does not change a unit
_NUCLEATED = {"/100{leukocytes}", "/100{WBC}", "/100{cells}"}


def code_of(part: Node) -> Parametro | None:
    """The parameter that an Observation or component measures."""
    concept, known = part.child("code"), _codes_of(HEMOGRAMA.current().parametros)
    for coding in concept.children("coding") if concept else []:
        if code_system(coding) == LOINC and coding.text("code") in known:
            return known[coding.text("code")]
    return None


def leukocytes_corrected(measures: list[Measure]) -> Found | None:
    """True where the code itself says that the count is corrected."""
    for measure in measures:
        concept = measure.part.child("code")
        if concept is not None and has_code(concept, _CORRECTED_LEUKOCYTES):
            return Found(concept.place, True)
    return None


def map_results(bundle: Bundle, field: str, measures: list[Measure]) -> None:
    """Fill the list `field`, a line per measure.

    The same line again is read once; two values of one parameter both stay, and the rules set them aside.
    """
    seen: dict[tuple[Parametro, str], str] = {}
    index = 0
    for measure in measures:
        bundle.use(measure.observation, "specimen", "device", "hasMember", *FRAME)
        parameter = code_of(measure.part)
        if parameter is None:
            continue
        identity = (parameter, repr(sorted(measure.value.items())))
        if identity in seen:
            bundle.reading.puzzle(measure.part.place, "resultado_repetido", f"igual a {seen[identity]}; lido uma vez")
            continue
        if any(known is parameter for known, _ in seen):
            detail = f"{parameter.value}: resultados diferentes não são usados"
            bundle.reading.puzzle(measure.part.place, "resultado_repetido", detail)
        seen[identity] = measure.part.place
        if _line(bundle, f"{field}.{index}", parameter, measure):
            index += 1


def _line(bundle: Bundle, field: str, parameter: Parametro, measure: Measure) -> bool:
    """False, and reported, when the Observation states no result at all."""
    quantity, reading = measure.part.child("valueQuantity"), bundle.reading
    value = None if quantity is None else quantity.leaf("value")
    said = None if value and fits(Decimal(str(value.value))) else value or _said(measure)
    if value is None and said is None:
        reading.puzzle(measure.part.place, "sem_valor", f"{parameter.value} sem valor: não foi usado")
        return False
    reading.put(f"{field}.parametro", Found(f"{measure.part.place}.code", parameter.value))
    if said is not None:
        reading.put(f"{field}.valor_texto", Found(said.place, clipped(str(said.value), LONGEST_TEXT)))
        reading.puzzle(said.place, Motivo.NAO_NUMERICO, f"{parameter.value}: {Motivo.NAO_NUMERICO.words}")
    elif quantity is not None and value is not None:
        _quantity(reading, field, parameter, quantity, value)
        _range(bundle, field, measure, unit_of(quantity))
    return True


def _said(measure: Measure) -> Found | None:
    """A result that is no quantity: its words, or at least the name of its type."""
    part = measure.part
    kind = next((name for name in measure.value if name != "valueQuantity"), None)
    if kind is None:
        return None
    return part.leaf(kind) or words(part.child(kind)) or Found(f"{part.place}.{kind}", kind)


def _quantity(reading: Reading, field: str, parameter: Parametro, quantity: Node, value: Found) -> None:
    """As it came: the rules set aside what is no measurement, and here the report says so."""
    unit, sign = _plain(unit_of(quantity)), quantity.text("comparator")
    unit_place = f"{quantity.place}.{_unit_element(quantity)}"
    reading.put(f"{field}.valor", value)
    if sign:
        reading.put(f"{field}.comparador", Found(f"{quantity.place}.comparator", sign))
        reading.puzzle(quantity.place, "valor_com_comparador", "um valor com < ou > não é um número exato")
    if unit:
        reading.put(f"{field}.unidade", Found(unit_place, clipped(unit, LONGEST_UNIT)))
    found = measured(parameter, Decimal(str(value.value)), unit)
    if isinstance(found, Motivo):
        place = unit_place if found is Motivo.UNIDADE_DESCONHECIDA else value.place
        reading.puzzle(place, found, f"{parameter.value}: {found.words}; não foi interpretado")


def _unit_element(quantity: Node) -> str:
    return "code" if quantity.text("code") else "unit"


def _plain(unit: str) -> str:
    """The unit as our unit table writes it."""
    return "/100{WBCs}" if unit in _NUCLEATED else _ANNOTATION.sub("", unit)


def _range(bundle: Bundle, field: str, measure: Measure, unit: str) -> None:
    """The laboratory's normal range, when its bounds are in the unit of the value."""
    ranges = [*measure.part.children("referenceRange")]
    normal = [item for item in ranges if item.child("type") is None or has_code(item.child("type"), {"normal"})]
    for item in ranges:
        if item not in normal[:1]:
            bundle.reading.puzzle(item.place, "faixa_sem_uso", "somente a primeira faixa normal foi lida")
    for item in normal[:1]:
        bounds = {"ref_min": item.child("low"), "ref_max": item.child("high")}
        if not any(bounds.values()):
            bundle.reading.puzzle(item.place, "faixa_sem_limites", "a faixa não traz low nem high; texto não é lido")
        for name, bound in bounds.items():
            if bound is not None and unit_of(bound) not in ("", unit):
                bundle.reading.puzzle(bound.place, "faixa_em_outra_unidade", "a faixa não está na unidade do valor")
            elif bound is not None:
                bundle.reading.put(f"{field}.{name}", exact(bound, bundle.reading))


@lru_cache(maxsize=4)
def _codes_of(rows: tuple[ParametroCodificado, ...]) -> dict[str, Parametro]:
    """LOINC code → parameter, with and without method."""
    found = dict.fromkeys(_CORRECTED_LEUKOCYTES, Parametro.LEUCOCITOS)
    for row in rows:
        for text in (row.loinc, row.loinc_sem_metodo):
            match = _LOINC_CODE.match(text or "")
            if match:
                found[match[0]] = row.campo
    return found
