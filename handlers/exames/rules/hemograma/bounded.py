"""Results such as `< 100`: flags that hold for every value on the stated side. Critical ones are judged before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma import platelets, red_cells, white_cells
from handlers.exames.rules.hemograma.critical import CRITICAL_PARAMETERS, code_of
from handlers.exames.rules.hemograma.half_lines import SemiReta
from handlers.exames.rules.hemograma.ranges import Limite, Par, reference_range
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P

_MAY_BE_CRITICAL = " O valor exato pode ser crítico: conferir já no laudo de origem."
_PAIRS = {pair.parameter: pair for pair in (*red_cells.PAIRS, *white_cells.PAIRS, *platelets.PAIRS)}


def bounded_values(sample: Amostra, critical: Iterable[Rascunho], table: TabelaHemograma) -> Iterator[Rascunho]:
    """At most one flag per bound, none where the finding is critical already; contradictory bounds decide nothing."""
    alerted = {draft.codigo for draft in critical}
    for parameter, bounds in sample.bounds.items():
        if parameter in sample.disputed:
            continue
        bound, critical_already = bounds[0], code_of(parameter) in alerted
        flags = [] if critical_already else list(_flags(sample, parameter, bound, table))
        yield from flags
        if parameter is P.PLAQUETAS and bound.comparator.startswith("<") and (flags or critical_already):
            yield platelets.exclude_clumping(bound.value, bound)


def _flags(sample: Amostra, parameter: P, bound: SemiReta, table: TabelaHemograma) -> Iterator[Rascunho]:
    pair, limits = _PAIRS.get(parameter), reference_range(sample, parameter, table, bound)
    if pair is None:
        return
    if pair.low and limits.low and bound.all_below(limits.low.value):
        yield _draft(pair, pair.low, bound, limits.low, "abaixo do mínimo de")
    if pair.high and limits.high and bound.all_above(limits.high.value):
        yield _draft(pair, pair.high, bound, limits.high, "acima do máximo de")


def _draft(pair: Par, code: str, bound: SemiReta, limit: Limite, words: str) -> Rascunho:
    parameter, unit = pair.parameter, pair.parameter.shown_unit
    return Rascunho(
        codigo=code,
        gravidade=pair.severity,
        descricao=f"{parameter.label} {bound.words} {shown(bound.value)} {unit}, {words} {shown(limit.value)} {unit}."
        + (_MAY_BE_CRITICAL if parameter in CRITICAL_PARAMETERS else ""),
        evidencia={
            parameter.value: bound.value,
            "comparador": bound.comparator,
            "limite": limit.value,
            "unidade": parameter.unit,
        },
        fonte=limit.source,
    )
