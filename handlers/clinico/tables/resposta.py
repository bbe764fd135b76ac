"""What the ward does at each NEWS2 risk, and whom the score must ask about pregnancy: each hospital's own."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.clinical.tables import Linha, Tabela

Frase = Annotated[str, Field(min_length=5, max_length=300, pattern=r"^[^.]+$")]


class Conduta(Linha):
    """`reavaliar_em_min`: longest time to the next set of vital signs, in minutes; 0 is continuous monitoring."""

    reavaliar_em_min: Annotated[int, Field(ge=0, le=1440)]
    texto: Frase


class Condutas(Linha):
    """One per NEWS2 risk. A higher risk is never reassessed later than a lower one."""

    baixo: Conduta
    baixo_medio: Conduta
    medio: Conduta
    alto: Conduta

    @model_validator(mode="after")
    def _sooner_when_worse(self) -> Self:
        minutes = [row.reavaliar_em_min for row in (self.baixo, self.baixo_medio, self.medio, self.alto)]
        if minutes != sorted(minutes, reverse=True):
            raise ValueError("reavaliar_em_min must not grow from baixo to alto")
        return self


class IdadesGestacao(Linha):
    """Ages in completed years, both included, at which an unknown pregnancy is asked about ◇."""

    idade_min: Annotated[int, Field(ge=0, le=120)]
    idade_max: Annotated[int, Field(ge=0, le=120)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.idade_min > self.idade_max:
            raise ValueError("idade_min must not exceed idade_max")
        return self

    def includes(self, years: int) -> bool:
        return self.idade_min <= years <= self.idade_max


class TabelaResposta(Tabela):
    """The local response to NEWS2. The weights and bands of the score itself are not here: nobody may change them."""

    fonte: str
    condutas: Condutas
    zero_pontos: Conduta
    gestacao: IdadesGestacao

    def conduct(self, risk: str, total: int) -> Conduta:
        if total == 0:
            return self.zero_pontos
        row: Conduta = getattr(self.condutas, risk)
        return row
