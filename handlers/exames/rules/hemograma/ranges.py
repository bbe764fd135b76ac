"""Which reference range a value is held against: the performing laboratory's first, then the table's fallbacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.half_lines import SemiReta
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import IntervaloReserva, TabelaHemograma
from handlers.exames.tables.parameters import Parametro
from shared.findings import Gravidade

LABORATORY = "Intervalo de referência do laboratório executor"


@dataclass(frozen=True)
class Limite:
    value: Decimal
    source: str


@dataclass(frozen=True)
class Intervalo:
    """Either side may be unknown; both ends are still normal."""

    low: Limite | None
    high: Limite | None

    def is_below(self, value: Decimal) -> bool:
        return self.low is not None and value < self.low.value

    def is_above(self, value: Decimal) -> bool:
        return self.high is not None and value > self.high.value


@dataclass(frozen=True)
class Par:
    """The codes of a value below and above its range; None where that side means nothing."""

    parameter: Parametro
    low: str | None
    high: str | None
    severity: Gravidade = Gravidade.ATENCAO


def reference_range(
    sample: Amostra, parameter: Parametro, table: TabelaHemograma, bound: SemiReta | None = None
) -> Intervalo:
    """The range of one parameter for this patient, side by side: laboratory, else fallback, else unknown.

    The laboratory's stands beside the value, or beside the `bound` that came in its place.
    """
    measure = bound or sample.measures.get(parameter)
    fallback = _fallback(sample, parameter, table)
    low = None if measure is None or measure.ref_min is None else Limite(measure.ref_min, LABORATORY)
    high = None if measure is None or measure.ref_max is None else Limite(measure.ref_max, LABORATORY)
    return Intervalo(low or _side(fallback, "min"), high or _side(fallback, "max"))


def compare(pair: Par, value: Decimal | None, bounds: Intervalo) -> Iterator[Rascunho]:
    """A finding when `value` lies outside `bounds` on a side that has a code."""
    if value is None:
        return
    if pair.low and bounds.low and bounds.is_below(value):
        yield _draft(pair, pair.low, value, bounds.low, "abaixo do mínimo de")
    if pair.high and bounds.high and bounds.is_above(value):
        yield _draft(pair, pair.high, value, bounds.high, "acima do máximo de")


def missing_limits(pair: Par, value: Decimal | None, bounds: Intervalo) -> Iterator[str]:
    """The fields that would have let `compare` answer."""
    if value is None:
        return
    if pair.low and bounds.low is None:
        yield f"resultados.{pair.parameter.value}.ref_min"
    if pair.high and bounds.high is None:
        yield f"resultados.{pair.parameter.value}.ref_max"


def _draft(pair: Par, code: str, value: Decimal, limit: Limite, words: str) -> Rascunho:
    unit = pair.parameter.shown_unit
    return Rascunho(
        codigo=code,
        gravidade=pair.severity,
        descricao=f"{pair.parameter.label} {shown(value)} {unit}, {words} {shown(limit.value)} {unit}.",
        evidencia={pair.parameter.value: value, "limite": limit.value, "unidade": pair.parameter.unit},
        fonte=limit.source,
    )


def _fallback(sample: Amostra, parameter: Parametro, table: TabelaHemograma) -> IntervaloReserva | None:
    """The table's row for this age and sex. In pregnancy some ranges of non-pregnant adults do not hold ◇."""
    if sample.pregnant and parameter in table.sem_reserva_na_gestacao:
        return None
    for row in table.intervalos_reserva:
        fits_sex = row.sexo is None or row.sexo == sample.sex
        if row.parametro is parameter and fits_sex and sample.age.within(row.de, row.ate):
            return row
    return None


def _side(row: IntervaloReserva | None, side: str) -> Limite | None:
    if row is None:
        return None
    value = row.min if side == "min" else row.max
    return None if value is None else Limite(value, row.fonte)
