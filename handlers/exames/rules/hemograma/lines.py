"""The lines of a report, each understood or set aside: one bad line costs its own parameter, never the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from handlers.exames.requests.hemograma import ResultadoParametro
from handlers.exames.rules.hemograma.half_lines import SemiReta
from handlers.exames.tables.motives import Motivo
from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import convert, measured, plausible


@dataclass(frozen=True)
class Medida:
    """A reported value with the performing laboratory's range, all in the canonical unit."""

    value: Decimal
    ref_min: Decimal | None
    ref_max: Decimal | None


@dataclass(frozen=True)
class Separado:
    """A line that was not interpreted. `values` are those that contradict each other, in the canonical unit."""

    line: ResultadoParametro
    motive: Motivo
    values: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Leitura:
    """What the lines say. `disputed` and the bounds are never used in indices, only in the search for critical values.

    `aside` names the parameters that were sent and have no value; `bad_ranges` are lines whose range cannot be right.
    """

    measures: dict[Parametro, Medida] = field(default_factory=dict)
    bounds: dict[Parametro, tuple[SemiReta, ...]] = field(default_factory=dict)
    disputed: dict[Parametro, tuple[Decimal, ...]] = field(default_factory=dict)
    set_aside: list[Separado] = field(default_factory=list)
    bad_ranges: list[ResultadoParametro] = field(default_factory=list)

    @property
    def aside(self) -> frozenset[Parametro]:
        sent = {item.line.parametro for item in self.set_aside} | set(self.bounds)
        return frozenset(sent - set(self.measures))


def read_lines(results: Iterable[ResultadoParametro]) -> Leitura:
    """The same result again is one, a value within a stated bound is that value; those that disagree are set aside."""
    reading = Leitura()
    for parameter, lines in _by_parameter(results).items():
        understood = [_understood(line) for line in lines]
        pairs = list(zip(lines, understood, strict=True))
        reading.set_aside.extend(dict.fromkeys(Separado(line, why) for line, why in pairs if isinstance(why, Motivo)))
        reading.bad_ranges.extend(line for line, why in pairs if not isinstance(why, Motivo) and _range(line) is None)
        measures = [item for item in understood if isinstance(item, Medida)]
        bounds = [item for item in understood if isinstance(item, SemiReta)]
        _settle(reading, parameter, lines, measures, bounds)
    return reading


def _by_parameter(results: Iterable[ResultadoParametro]) -> Mapping[Parametro, list[ResultadoParametro]]:
    found: dict[Parametro, list[ResultadoParametro]] = {}
    for line in results:
        found.setdefault(line.parametro, []).append(line)
    return found


def _settle(
    reading: Leitura,
    parameter: Parametro,
    lines: list[ResultadoParametro],
    measures: list[Medida],
    bounds: list[SemiReta],
) -> None:
    values = tuple(dict.fromkeys(measure.value for measure in measures))
    sides = {(bound.comparator, bound.value) for bound in bounds}
    if len(values) == 1 and all(bound.contains(values[0]) for bound in bounds):
        reading.measures[parameter] = next((m for m in measures if (m.ref_min, m.ref_max) != (None, None)), measures[0])
    elif values or len(sides) > 1:
        stated = (*values, *(bound.value for bound in bounds))
        reading.set_aside.append(Separado(lines[0], Motivo.REPETIDO_DIVERGENTE, tuple(dict.fromkeys(stated))))
        reading.disputed[parameter] = values
        reading.bounds[parameter] = tuple(bounds)
    elif bounds:
        reading.bounds[parameter] = (bounds[0],)


def _understood(line: ResultadoParametro) -> Medida | SemiReta | Motivo:
    if line.valor is None:
        return Motivo.NAO_NUMERICO
    value = measured(line.parametro, line.valor, line.unidade)
    if isinstance(value, Motivo):
        return value
    low, high = _range(line) or (None, None)
    if line.comparador is not None:
        return SemiReta(line.comparador, value, low, high, line)
    return Medida(value, low, high)


def _range(line: ResultadoParametro) -> tuple[Decimal | None, Decimal | None] | None:
    """In the canonical unit; None where it contradicts itself, or cannot be in the unit of the result.

    150 to 450 beside platelets in /mm³ is a range in thousands: held against it, too few would be too many.
    """
    stated = [
        None if end is None else convert(line.parametro, end, line.unidade or "")
        for end in (line.ref_min, line.ref_max)
    ]
    known = [end for end in stated if end is not None]
    right = known == sorted(known) and all(end == 0 or plausible(line.parametro, end) for end in known)
    return (stated[0], stated[1]) if right else None
