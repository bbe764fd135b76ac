"""One sample in canonical units, with the patient's facts that the rules need. Never the patient's identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.hemograma.half_lines import SemiReta
from handlers.exames.rules.hemograma.lines import Leitura, Medida
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro
from shared.clinical.ages import Age
from shared.clinical.people import Gestante, Sexo, pregnancy_contradicted


@dataclass(frozen=True)
class Amostra:
    """Everything the rules look at.

    `aside` names what was sent and could not be used: unlike what was never reported, it may not count as zero.
    `bounds` and `disputed` serve flags and critical values only, never an index.
    """

    measures: Mapping[Parametro, Medida]
    bounds: Mapping[Parametro, tuple[SemiReta, ...]]
    disputed: Mapping[Parametro, tuple[Decimal, ...]]
    aside: frozenset[Parametro]
    age: Age
    sex: Sexo
    pregnancy: Gestante
    weeks: int | None
    leukocytes_already_corrected: bool | None
    pregnancy_contradicted: bool

    @property
    def pregnant(self) -> bool:
        return self.pregnancy == "sim"

    def value(self, parameter: Parametro) -> Decimal | None:
        """The reported value in the canonical unit, or None."""
        measure = self.measures.get(parameter)
        return None if measure is None else measure.value

    def has(self, *parameters: Parametro) -> bool:
        return all(parameter in self.measures for parameter in parameters)

    def unsure(self, *parameters: Parametro) -> bool:
        """Whether any of them was sent and set aside."""
        return not self.aside.isdisjoint(parameters)

    def readings(self) -> Iterator[Amostra]:
        """The sample as a search for critical values must see it: nothing that was set aside may hide one.

        Of contradictory results both extremes are tried: every count grows with its inputs, except that leukocytes
        corrected for erythroblasts shrink as those grow.
        """
        yield replace(self, aside=frozenset())
        if any(self.disputed.values()):
            yield self._extreme(min, max)
            yield self._extreme(max, min)

    def _extreme(self, choose: Callable[..., Decimal], opposite: Callable[..., Decimal]) -> Amostra:
        chosen = {
            parameter: Medida((opposite if parameter is Parametro.ERITROBLASTOS else choose)(values), None, None)
            for parameter, values in self.disputed.items()
            if values
        }
        return replace(self, measures={**self.measures, **chosen}, aside=frozenset())


def sample_of(request: PedidoHemograma, reading: Leitura, table: TabelaHemograma) -> Amostra:
    """The sample of a validated request. The age is that on the day of collection, in the sender's zone.

    A pregnancy that fits neither sex nor age counts as unknown: its lower cut-offs could hide an anaemia.
    """
    patient, ages = request.paciente, table.anemia.perguntar_gestacao
    age = Age.at(patient.data_nascimento, request.coleta_em.date())
    contradicted = pregnancy_contradicted(patient, age.years, ages.idade_min, ages.idade_max)
    return Amostra(
        measures=reading.measures,
        bounds=reading.bounds,
        disputed=reading.disputed,
        aside=reading.aside,
        age=age,
        sex=patient.sexo,
        pregnancy="desconhecido" if contradicted else patient.gestante or "desconhecido",
        weeks=patient.idade_gestacional_sem,
        leukocytes_already_corrected=request.leucocitos_ja_corrigidos,
        pregnancy_contradicted=contradicted,
    )
