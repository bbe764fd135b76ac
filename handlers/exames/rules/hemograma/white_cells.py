"""The white series: counts against ranges, neutropenia grades, left shift, leukocytes to be corrected."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.indices import Indices
from handlers.exames.rules.hemograma.ranges import Intervalo, Par, compare, missing_limits, reference_range
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P
from shared.findings import Gravidade

_LEUKOCYTES = Par(P.LEUCOCITOS, "leucopenia", "leucocitose")
_NEUTROPHILS = Par(P.NEUTROFILOS_ABS, "neutrofilos_abaixo_intervalo", "neutrofilia")
_SEGMENTED = Par(P.SEGMENTADOS_ABS, "neutrofilos_abaixo_intervalo", "neutrofilia")
_LINEAGES = (
    Par(P.BASTONETES_ABS, None, "bastonetose"),
    Par(P.LINFOCITOS_ABS, "linfopenia", "linfocitose"),
    Par(P.MONOCITOS_ABS, "monocitopenia", "monocitose"),
    Par(P.EOSINOFILOS_ABS, "eosinopenia", "eosinofilia"),
    Par(P.BASOFILOS_ABS, None, "basofilia"),
)
PAIRS = (_LEUKOCYTES, _NEUTROPHILS, _SEGMENTED, *_LINEAGES)
_MATURATION = (P.SEGMENTADOS_PCT, P.BASTONETES_PCT, P.METAMIELOCITOS_PCT, P.MIELOCITOS_PCT)


def white_cells(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    """Every finding of the white series in an order a reader expects."""
    yield from _to_correct(sample, indices, table)
    yield from compare(_LEUKOCYTES, indices.leukocytes, reference_range(sample, P.LEUCOCITOS, table))
    yield from _neutrophils(sample, indices, table)
    for pair in _LINEAGES:
        yield from compare(pair, indices.counts.get(pair.parameter), reference_range(sample, pair.parameter, table))
    yield from _relative(sample, table)
    yield from _left_shift(sample, table)


def missing(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[str]:
    """Ranges nobody gives, and whether the analyser corrected for erythroblasts when that changes the count."""
    values = {P.LEUCOCITOS: indices.leukocytes, P.NEUTROFILOS_ABS: indices.neutrophils, **indices.counts}
    for pair in (_LEUKOCYTES, _NEUTROPHILS, *_LINEAGES):
        bounds = reference_range(sample, pair.parameter, table)
        yield from missing_limits(pair, values.get(pair.parameter), bounds)
    if indices.corrected_leukocytes is not None and sample.leukocytes_already_corrected is None:
        yield "leucocitos_ja_corrigidos"


def _to_correct(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    nucleated, reported = sample.value(P.ERITROBLASTOS), sample.value(P.LEUCOCITOS)
    corrected = indices.corrected_leukocytes
    if corrected is None or nucleated is None or reported is None:
        return
    used = "corrigida" if sample.leukocytes_already_corrected is False else "informada"
    yield Rascunho(
        "leucocitos_corrigidos_por_eritroblastos",
        Gravidade.ATENCAO,
        f"Eritroblastos {shown(nucleated)} por 100 leucócitos: leucócitos {shown(reported)} mil/mm³, corrigidos "
        f"{shown(corrected)} mil/mm³; interpretação pela contagem {used}.",
        {"eritroblastos_100leuco": nucleated, "informado": reported, "corrigido": corrected, "unidade": "10*3/uL"},
        table.eritroblastos.fonte,
    )


def _neutrophils(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    """A graded neutropenia, else the count against its range; segmented cells alone may also cross theirs."""
    count, bounds = indices.neutrophils, reference_range(sample, P.NEUTROFILOS_ABS, table)
    grade = None if count is None else _neutropenia_grade(count, sample, bounds, table)
    if count is not None and grade is not None:
        yield Rascunho(
            f"neutropenia_{grade}",
            Gravidade.ATENCAO,
            f"Neutrófilos {shown(count)} mil/mm³: neutropenia {grade}.",
            {"neutrofilos_abs": count, "unidade": P.NEUTROFILOS_ABS.unit},
            table.neutropenia.fonte,
        )
        return
    segmented = indices.counts.get(P.SEGMENTADOS_ABS)
    drafts = [
        *compare(_NEUTROPHILS, count, bounds),
        *compare(_SEGMENTED, segmented, reference_range(sample, P.SEGMENTADOS_ABS, table)),
    ]
    yield from drafts[:1]


def _neutropenia_grade(count: Decimal, sample: Amostra, bounds: Intervalo, table: TabelaHemograma) -> str | None:
    """Below 1.5, 1.0, 0.5 x10^3/uL. Before 6 months the normal minimum is 1.0: mild only below the range ◇."""
    rows = table.neutropenia
    if count < rows.grave_lt:
        return "grave"
    if count < rows.moderada_lt:
        return "moderada"
    infant_within_range = not sample.age.reached("6m") and bounds.low is not None and count >= bounds.low.value
    return "leve" if count < rows.leve_lt and not infant_within_range else None


def _relative(sample: Amostra, table: TabelaHemograma) -> Iterator[Rascunho]:
    """Percentages are held against the laboratory's own range only: the table's fallbacks are absolute counts."""
    for parameter in (p for p in sample.measures if p.endswith("_pct") and p is not P.BLASTOS_PCT):
        pair = Par(parameter, f"{parameter.value}_baixo", f"{parameter.value}_alto", Gravidade.INFO)
        yield from compare(pair, sample.value(parameter), reference_range(sample, parameter, table))


def _left_shift(sample: Amostra, table: TabelaHemograma) -> Iterator[Rascunho]:
    """Bands, metamyelocytes and myelocytes together above 10 % ◇; a stage that was set aside only adds to them."""
    immature = sum((sample.value(p) or Decimal(0) for p in _MATURATION[1:]), Decimal(0))
    limit = table.desvio_esquerda.imaturos_pct_gt
    if immature <= limit:
        return
    code, words = _shift_kind(sample)
    yield Rascunho(
        code,
        Gravidade.ATENCAO,
        f"Formas imaturas {shown(immature)} % (limite > {shown(limit)} %): desvio à esquerda {words}.",
        {p.value: sample.value(p) for p in _MATURATION if sample.has(p)} | {"imaturos": immature, "unidade": "%"},
        table.desvio_esquerda.fonte,
    )


def _shift_kind(sample: Amostra) -> tuple[str, str]:
    """Scaled when each stage is at least as frequent as the less mature one; bands alone are neither ◇."""
    stages = [sample.value(p) or Decimal(0) for p in _MATURATION]
    if not any(stages[2:]) and not sample.unsure(*_MATURATION[1:]):
        return "desvio_esquerda", "por bastonetes"
    if sample.unsure(*_MATURATION):
        return "desvio_esquerda", "de tipo não determinado"
    if all(older >= younger for older, younger in zip(stages, stages[1:], strict=False)):
        return "desvio_esquerda_escalonado", "escalonado"
    return "desvio_esquerda_nao_escalonado", "não escalonado"
