"""exames.hemograma (FHIR DiagnosticReport, HL7 ORU^R01): what a laboratory sends."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from handlers.exames.tables.parameters import Parametro
from shared.clinical.fields import DataHora, Entrada, TextoCurto
from shared.clinical.people import Momento, Pedido

LONGEST_TEXT = 40
MOST_LINES = 100
_MOST_DIGITS = 24
Medicao = Annotated[Decimal, Field(max_digits=_MOST_DIGITS)]
Comparador = Literal["<", "<=", ">", ">="]
TextoDeResultado = Annotated[TextoCurto, Field(max_length=LONGEST_TEXT)]
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d{1,2})\Z", re.ASCII)  # three digits after it may be thousands
_COMPARED = re.compile(r"(<=|>=|[<>≤≥])\s*+(.+)")
_SIGNS = {"≤": "<=", "≥": ">="}


def fits(value: Decimal) -> bool:
    """Whether `valor` takes the number; a reader of documents passes on any other as words."""
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and len(digits) + abs(exponent) <= _MOST_DIGITS


class ResultadoParametro(Entrada):
    """One line of the report, as the laboratory gave it. The range is in the same unit as the value.

    What stands here need not be interpretable: the rules set aside a line with a wrong unit, an implausible value or
    a text, and evaluate the others. The text `"<5"` in `valor` becomes a bound, `"6,5"` is 6.5 as Brazilian reports
    write it, any other text becomes `valor_texto`.
    """

    parametro: Parametro
    valor: Medicao | None = None
    comparador: Comparador | None = Field(None, description="`valor` is a bound, not a measurement")
    valor_texto: TextoDeResultado | None = Field(
        None, validate_default=True, description="A result in words; only without `valor`"
    )
    unidade: TextoCurto | None = None
    ref_min: Medicao | None = None
    ref_max: Medicao | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, line: Any) -> Any:
        """One result in words is no mistake of the whole report."""
        if not isinstance(line, dict) or not isinstance(line.get("valor"), str):
            return line
        if line.get("comparador") is not None or line.get("valor_texto") is not None:
            return line
        text = line["valor"].strip()
        compared = _COMPARED.fullmatch(text)
        number = _DECIMAL_COMMA.sub(r"\1.\2", compared[2] if compared else text)
        if not _NUMBER.fullmatch(number):
            return {**line, "valor": None, "valor_texto": text}
        sign = _SIGNS.get(compared[1], compared[1]) if compared else None
        return {**line, "valor": number, "comparador": sign}

    @field_validator("comparador")
    @classmethod
    def _compares_a_number(cls, sign: str | None, info: ValidationInfo) -> str | None:
        if sign is not None and "valor" in info.data and info.data["valor"] is None:
            raise ValueError("comparador só acompanha um valor numérico")
        return sign

    @field_validator("valor_texto")
    @classmethod
    def _one_of_both(cls, text: str | None, info: ValidationInfo) -> str | None:
        if "valor" in info.data and (info.data["valor"] is None) is (text is None):
            raise ValueError("informe valor, ou valor_texto quando o resultado não é um número; nunca os dois")
        return text


Resultados = Annotated[list[ResultadoParametro], Field(min_length=1, max_length=MOST_LINES)]


class HemogramaAnterior(Entrada):
    """The patient's previous hemogram, for the variation between the two."""

    coleta_em: DataHora
    resultados: Resultados


class PedidoHemograma(Pedido):
    """A hemogram to interpret. `coleta_em` fixes the patient's age."""

    coleta_em: Momento
    amostra: TextoCurto
    equipamento: TextoCurto | None = None
    leucocitos_ja_corrigidos: bool | None = Field(
        None, description="Whether the analyser already corrected leukocytes for erythroblasts"
    )
    resultados: Resultados
    anterior: HemogramaAnterior | None = None

    @field_validator("anterior")
    @classmethod
    def _earlier(cls, previous: HemogramaAnterior | None, info: ValidationInfo) -> HemogramaAnterior | None:
        if previous is not None and "coleta_em" in info.data and previous.coleta_em >= info.data["coleta_em"]:
            raise ValueError("a coleta do hemograma anterior deve preceder a atual")
        return previous
