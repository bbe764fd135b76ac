"""exames.hemograma (FHIR DiagnosticReport, HL7 ORU^R01): what a laboratory sends."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import convert, plausible
from shared.clinical.ages import age_in_days
from shared.clinical.fields import DataHora, Entrada, TextoCurto
from shared.clinical.people import Pedido

Medicao = Annotated[Decimal, Field(ge=0, le=100_000_000, max_digits=24)]


class ResultadoParametro(Entrada):
    """One line of the report. The range is in the same unit as the value."""

    parametro: Parametro
    valor: Medicao
    unidade: TextoCurto
    ref_min: Medicao | None = None
    ref_max: Medicao | None = None

    @field_validator("unidade")
    @classmethod
    def _fits_the_parameter(cls, unit: str, info: ValidationInfo) -> str:
        """Refused here, so that a caller is told at the door which line's unit is wrong."""
        if "parametro" not in info.data or "valor" not in info.data:
            return unit
        parameter = info.data["parametro"]
        if not plausible(parameter, convert(parameter, info.data["valor"], unit)):
            raise ValueError(f"valor implausível de {parameter.value} nesta unidade: confira a unidade informada")
        return unit

    @field_validator("ref_max")
    @classmethod
    def _range_is_ordered(cls, upper: Decimal | None, info: ValidationInfo) -> Decimal | None:
        lower = info.data.get("ref_min")
        if upper is not None and lower is not None and upper < lower:
            raise ValueError("ref_max deve ser maior ou igual a ref_min")
        return upper


def _each_once(results: list[ResultadoParametro]) -> list[ResultadoParametro]:
    """Two values of one parameter would make the interpretation depend on their order."""
    if len({result.parametro for result in results}) < len(results):
        raise ValueError("cada parâmetro deve aparecer uma única vez")
    return results


Resultados = Annotated[list[ResultadoParametro], Field(min_length=1, max_length=len(Parametro))]


class HemogramaAnterior(Entrada):
    """The patient's previous hemogram, for the variation between the two."""

    coleta_em: DataHora
    resultados: Resultados

    _unique = field_validator("resultados")(_each_once)


class PedidoHemograma(Pedido):
    """A hemogram to interpret. `coleta_em` fixes the patient's age."""

    coleta_em: DataHora
    amostra: TextoCurto
    equipamento: TextoCurto | None = None
    leucocitos_ja_corrigidos: bool | None = Field(
        None, description="Whether the analyser already corrected leukocytes for erythroblasts"
    )
    resultados: Resultados
    anterior: HemogramaAnterior | None = None

    _unique = field_validator("resultados")(_each_once)

    @field_validator("coleta_em")
    @classmethod
    def _after_birth(cls, moment: DataHora, info: ValidationInfo) -> DataHora:
        if "paciente" in info.data:
            age_in_days(info.data["paciente"].data_nascimento, moment.date())
        return moment

    @field_validator("anterior")
    @classmethod
    def _earlier(cls, previous: HemogramaAnterior | None, info: ValidationInfo) -> HemogramaAnterior | None:
        if previous is not None and "coleta_em" in info.data and previous.coleta_em >= info.data["coleta_em"]:
            raise ValueError("a coleta do hemograma anterior deve preceder a atual")
        return previous
