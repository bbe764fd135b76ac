"""One sample in canonical units, with the patient's facts that the rules need. Never the patient's identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from handlers.exames.requests.hemograma import PedidoHemograma, ResultadoParametro
from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import convert
from shared.clinical.ages import Age
from shared.clinical.people import Gestante, Sexo


@dataclass(frozen=True)
class Medida:
    """A reported value with the performing laboratory's range, all in the canonical unit."""

    value: Decimal
    ref_min: Decimal | None
    ref_max: Decimal | None


@dataclass(frozen=True)
class Amostra:
    """Everything the rules look at."""

    measures: Mapping[Parametro, Medida]
    age: Age
    sex: Sexo
    pregnancy: Gestante
    weeks: int | None
    leukocytes_already_corrected: bool | None

    @property
    def pregnant(self) -> bool:
        return self.pregnancy == "sim"

    def value(self, parameter: Parametro) -> Decimal | None:
        """The reported value in the canonical unit, or None."""
        measure = self.measures.get(parameter)
        return None if measure is None else measure.value

    def has(self, *parameters: Parametro) -> bool:
        return all(parameter in self.measures for parameter in parameters)


def canonical(results: list[ResultadoParametro]) -> dict[Parametro, Medida]:
    """The lines of a report by parameter, converted with their ranges."""
    return {result.parametro: _measure(result) for result in results}


def sample_of(request: PedidoHemograma) -> Amostra:
    """The sample a validated request describes. The age is that on the day of collection, in the sender's zone."""
    patient = request.paciente
    return Amostra(
        measures=canonical(request.resultados),
        age=Age.at(patient.data_nascimento, request.coleta_em.date()),
        sex=patient.sexo,
        pregnancy=patient.gestante or "desconhecido",
        weeks=patient.idade_gestacional_sem,
        leukocytes_already_corrected=request.leucocitos_ja_corrigidos,
    )


def _measure(result: ResultadoParametro) -> Medida:
    def converted(value: Decimal | None) -> Decimal | None:
        return None if value is None else convert(result.parametro, value, result.unidade)

    value = convert(result.parametro, result.valor, result.unidade)
    return Medida(value, converted(result.ref_min), converted(result.ref_max))
