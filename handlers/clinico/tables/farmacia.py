"""Drug tables that only a hospital's pharmacy can approve: interactions and allergy groups. The code ships none."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.clinical.tables import Linha, Tabela

Substancia = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120)]
GrauInteracao = Literal["contraindicada", "grave", "moderada"]


class Combinacao(Linha):
    """Two or more substances (DCB names) that together call for `conduta`."""

    substancias: Annotated[tuple[Substancia, ...], Field(min_length=2, max_length=6)]
    grau: GrauInteracao
    conduta: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=300, pattern=r"^[^.]+$")]
    fonte: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len({name.casefold() for name in self.substancias}) < len(self.substancias):
            raise ValueError("substancias: the same substance twice")
        return self


class Aprovada(Tabela):
    """A table signed by the hospital: who approved it (a committee or office, not a patient's data), and when."""

    fonte: Annotated[str, Field(min_length=3)]
    aprovada_por: Annotated[str, Field(min_length=3)]
    aprovada_em: date


class TabelaInteracoes(Aprovada):
    """The combinations the hospital wants to hear of. What is not listed stays not evaluated, never safe."""

    combinacoes: Annotated[tuple[Combinacao, ...], Field(min_length=1)]


class GrupoDeAlergia(Linha):
    """Substances that share a reaction: an allergy to one, or to the group's name, is asked about for the others."""

    nome: Substancia
    substancias: Annotated[tuple[Substancia, ...], Field(min_length=1)]


class TabelaGrupos(Aprovada):
    grupos: Annotated[tuple[GrupoDeAlergia, ...], Field(min_length=1)]
