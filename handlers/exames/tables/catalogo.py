"""The exams a hospital offers: what each code means there, and for whom it is meant."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.clinical.people import Sexo
from shared.clinical.tables import Linha, Tabela

Codigo = Annotated[str, StringConstraints(pattern=r"^(?:[0-9]{8}|[0-9]{10}|[0-9]{1,7}-[0-9])$")]
Frase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


class ExameOferecido(Linha):
    """One exam under all its codes (TUSS, SIGTAP, LOINC). Ages in completed years, both included.

    `evento` names the event to which this platform takes the result, where it has one.
    """

    nome: Frase
    codigos: Annotated[tuple[Codigo, ...], Field(min_length=1)]
    sexo: Sexo | None = None
    idade_min: Annotated[int, Field(ge=0, le=130)] | None = None
    idade_max: Annotated[int, Field(ge=0, le=130)] | None = None
    preparo: Frase | None = None
    ionizante: bool = False
    evento: str | None = None

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.idade_min is not None and self.idade_max is not None and self.idade_min > self.idade_max:
            raise ValueError("idade_min must not exceed idade_max")
        return self


class TabelaCatalogo(Tabela):
    """`indicacao_min_letras`: a shorter indication asks for more ◇."""

    fonte: str
    indicacao_min_letras: Annotated[int, Field(ge=0, le=200)]
    exames: tuple[ExameOferecido, ...]

    @model_validator(mode="after")
    def _each_code_once(self) -> Self:
        codes = [code for exam in self.exames for code in exam.codigos]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"codigos: {', '.join(twice)} stands for two exams")
        return self

    def find(self, code: str) -> ExameOferecido | None:
        return next((exam for exam in self.exames if code in exam.codigos), None)
