"""Platelets: low ones are checked for clumping before anybody believes them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.half_lines import SemiReta
from handlers.exames.rules.hemograma.ranges import Par, compare, missing_limits, reference_range
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P
from shared.findings import Gravidade

_PLATELETS = Par(P.PLAQUETAS, "plaquetopenia", "trombocitose")
_VOLUME = Par(P.VPM, "vpm_baixo", "vpm_alto", Gravidade.INFO)
PAIRS = (_PLATELETS, _VOLUME)


def platelets(sample: Amostra, table: TabelaHemograma) -> Iterator[Rascunho]:
    """The critical finding already says a critical count is low: `plaquetopenia` is for the counts above it."""
    value = sample.value(P.PLAQUETAS)
    drafts = list(compare(_PLATELETS, value, reference_range(sample, P.PLAQUETAS, table)))
    bounds = table.criticos.of("plaquetas", sample.age)
    critical_low = value is not None and bounds is not None and bounds.is_low(value)
    if not critical_low:
        yield from drafts
    if value is not None and (critical_low or any(draft.codigo == _PLATELETS.low for draft in drafts)):
        yield exclude_clumping(value)
    yield from compare(_VOLUME, sample.value(P.VPM), reference_range(sample, P.VPM, table))


def exclude_clumping(value: Decimal, bound: SemiReta | None = None) -> Rascunho:
    """For a low count, or for the `bound` of one."""
    words, sign = (f"{bound.words} ", {"comparador": bound.comparator}) if bound else ("", {})
    return Rascunho(
        "excluir_pseudotrombocitopenia",
        Gravidade.ATENCAO,
        f"Plaquetas {words}{shown(value)} mil/mm³: excluir pseudotrombocitopenia com lâmina ou nova coleta em citrato.",
        {"plaquetas": value, **sign, "unidade": P.PLAQUETAS.unit},
        "Prática laboratorial: agregação plaquetária dependente de EDTA ◇",
    )


def missing(sample: Amostra, table: TabelaHemograma) -> Iterator[str]:
    """Ranges that neither the laboratory nor the table gives."""
    for pair in PAIRS:
        yield from missing_limits(pair, sample.value(pair.parameter), reference_range(sample, pair.parameter, table))
