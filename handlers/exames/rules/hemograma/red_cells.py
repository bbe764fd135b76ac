"""The red series: counts, indices and what microcytosis suggests."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.anaemia import anaemia
from handlers.exames.rules.hemograma.indices import Indices, mcv
from handlers.exames.rules.hemograma.ranges import Par, compare, missing_limits, reference_range
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P
from shared.findings import Gravidade

_HEMOGLOBIN = Par(P.HEMOGLOBINA, "hemoglobina_baixa", "hemoglobina_alta")
_PAIRS = (
    Par(P.HEMATOCRITO, "hematocrito_baixo", "hematocrito_alto"),
    Par(P.HEMACIAS, "hemacias_baixas", "eritrocitose"),
    Par(P.VCM, "microcitose", "macrocitose"),
    Par(P.RDW_CV, None, "rdw_alto"),
    Par(P.RDW_SD, None, "rdw_sd_alto", Gravidade.INFO),
)
_HYPOCHROMIA = (Par(P.HCM, "hipocromia", "hcm_alto"), Par(P.CHCM, "hipocromia", "chcm_alto"))
PAIRS = (_HEMOGLOBIN, *_PAIRS, *_HYPOCHROMIA)


def red_cells(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    """Anaemia first; a hemoglobin below the laboratory's range but above the WHO cut-off is still said."""
    graded = list(anaemia(sample, table))
    yield from graded
    for draft in compare(_HEMOGLOBIN, sample.value(P.HEMOGLOBINA), reference_range(sample, P.HEMOGLOBINA, table)):
        if not (graded and draft.codigo == _HEMOGLOBIN.low):
            yield draft
    for pair in _PAIRS:
        value = _value(sample, indices, pair.parameter)
        yield from compare(pair, value, reference_range(sample, pair.parameter, table))
    yield from _haemoglobin_content(sample, indices, table)
    yield from _mentzer(sample, indices, table)


def missing(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[str]:
    """Ranges that neither the laboratory nor the table gives."""
    for pair in PAIRS:
        value = _value(sample, indices, pair.parameter)
        yield from missing_limits(pair, value, reference_range(sample, pair.parameter, table))


def _value(sample: Amostra, indices: Indices, parameter: P) -> Decimal | None:
    """As reported, else as computed."""
    reported = sample.value(parameter)
    if reported is not None:
        return reported
    return {P.VCM: indices.vcm, P.HCM: indices.hcm, P.CHCM: indices.chcm}.get(parameter)


def _haemoglobin_content(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    """Hypochromia is one finding, whether the MCH, the MCHC or both are low."""
    drafts = [
        draft
        for pair in _HYPOCHROMIA
        for draft in compare(
            pair, _value(sample, indices, pair.parameter), reference_range(sample, pair.parameter, table)
        )
    ]
    low = [draft for draft in drafts if draft.codigo == "hipocromia"]
    yield from low[:1]
    yield from (draft for draft in drafts if draft.codigo != "hipocromia")


def _mentzer(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    """Only where microcytosis is a finding: a small child's normal MCV is below 80 fL too."""
    volume = mcv(sample, indices.vcm)
    if indices.mentzer is None or volume is None:
        return
    if not reference_range(sample, P.VCM, table).is_below(volume):
        return
    cutoff = table.mentzer.corte
    code, words = {
        -1: ("mentzer_menor_13", "abaixo de {}: sugere traço talassêmico"),
        0: ("mentzer_indeterminado", "igual a {}: não distingue talassemia de ferropenia"),
        1: ("mentzer_maior_13", "acima de {}: sugere ferropenia"),
    }[int(indices.mentzer.compare(cutoff))]
    yield Rascunho(
        code,
        Gravidade.INFO,
        f"Índice de Mentzer {shown(indices.mentzer, 2)}, {words.format(shown(cutoff))}; não é diagnóstico.",
        {"mentzer": indices.mentzer, "corte": cutoff, "vcm_fl": volume},
        table.mentzer.fonte,
    )
