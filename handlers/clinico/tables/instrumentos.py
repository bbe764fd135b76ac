"""Published scores as typed data. Their numbers are the instrument itself: no hospital may change them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.clinical.tables import Linha, Tabela

Pontos = Annotated[int, Field(ge=0, le=10)]


class Faixa(Linha):
    """Points up to and including `ate`; None has no end."""

    ate: Decimal | None
    pontos: Pontos


def points_in(bands: tuple[Faixa, ...], value: Decimal | int) -> int:
    """The points of `value`. Upper limits are inclusive and contiguous: 35.05 °C belongs to the band after 35.0."""
    return next(band.pontos for band in bands if band.ate is None or value <= band.ate)


class FaixasNews2(Linha):
    """Bands per parameter; saturation has one scale for most patients and one for hypercapnic failure."""

    fr_irpm: tuple[Faixa, ...]
    spo2_escala_1: tuple[Faixa, ...]
    spo2_escala_2_ar: tuple[Faixa, ...]
    spo2_escala_2_o2: tuple[Faixa, ...]
    pas_mmhg: tuple[Faixa, ...]
    fc_bpm: tuple[Faixa, ...]
    temperatura_c: tuple[Faixa, ...]

    @model_validator(mode="after")
    def _cover_everything(self) -> Self:
        for name in type(self).model_fields:
            ends = [band.ate for band in getattr(self, name)]
            if ends[-1] is not None or None in ends[:-1] or ends[:-1] != sorted(end for end in ends[:-1] if end):
                raise ValueError(f"{name}: bands must rise and end in an open one")
        return self


class RiscoNews2(Linha):
    medio: Pontos
    alto: Pontos
    parametro_isolado: Pontos


class TabelaNews2(Tabela):
    """NEWS2 (RCP 2017): points per band; ages in completed years."""

    fonte: str
    idade_minima_anos: int
    faixas: FaixasNews2
    o2_suplementar: Pontos
    consciencia_alterada: Pontos
    risco: RiscoNews2


class TabelaQsofa(Tabela):
    """qSOFA ◇: from this rate, up to this pressure, below this Glasgow; positive from so many criteria."""

    fonte: str
    fr_irpm_ge: int
    pas_mmhg_le: int
    glasgow_lt: int
    positivo_ge: int
    idade_minima_anos: int


class GrupoCharlson(Linha):
    peso: Pontos
    prefixos: tuple[str, ...]


class IdadeCharlson(Linha):
    inicio: int
    anos_por_ponto: int
    maximo: int


class TabelaCharlson(Tabela):
    """Charlson weights over ICD-10 prefixes without dots; each hierarchy is (severe, mild)."""

    fonte: str
    grupos: dict[str, GrupoCharlson]
    hierarquias: tuple[tuple[str, str], ...]
    idade: IdadeCharlson


class Permanencia(Linha):
    ate_dias: int | None
    pontos: Pontos


class Comorbidade(Linha):
    a_partir_de: int
    pontos: Pontos


class Maximo(Linha):
    maximo: Pontos


class RiscoLace(Linha):
    moderado: int
    alto: int


class TabelaLace(Tabela):
    """LACE (van Walraven 2010) with its own comorbidity weights."""

    fonte: str
    pesos: dict[str, Pontos]
    permanencia: tuple[Permanencia, ...]
    urgencia: Pontos
    comorbidade: Comorbidade
    pronto_socorro: Maximo
    risco: RiscoLace
    nota_risco: str
    idade_minima_anos: int
