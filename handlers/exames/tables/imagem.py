"""The imaging table: modalities and every threshold of contrast and radiation safety, versioned per hospital."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.clinical.tables import Linha, Tabela


class Modalidade(Linha):
    """One value of `tipo_exame`, its DICOM codes and whether it uses ionising radiation ◇."""

    tipo: str
    sinonimos: tuple[str, ...]
    dicom: tuple[str, ...]
    ionizante: bool


class IodadoIv(Linha):
    """eGFR in mL/min/1.73 m²."""

    profilaxia_lt: Decimal
    individualizar_lt: Decimal
    fonte: str

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.profilaxia_lt > self.individualizar_lt:
            raise ValueError("profilaxia_lt must not exceed individualizar_lt")
        return self


class Metformina(Linha):
    """`perfil` selects which authority's threshold the hospital follows."""

    perfil: Literal["acr", "fda_ue"]
    suspender_lt: dict[Literal["acr", "fda_ue"], Decimal]
    horas: int
    fonte: str


class Gadolinio(Linha):
    restrito_lt: Decimal
    fonte: str


class Creatinina(Linha):
    """How old a creatinine may be at the request, in days, for its eGFR to decide anything ◇."""

    validade_dias: Annotated[int, Field(ge=1, le=365)]
    fonte: str


class Gestacao(Linha):
    """Ages in completed years, both included."""

    idade_min: Annotated[int, Field(ge=0, le=120)]
    idade_max: Annotated[int, Field(ge=0, le=120)]
    fonte: str

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.idade_min > self.idade_max:
            raise ValueError("idade_min must not exceed idade_max")
        return self


class Fonte(Linha):
    fonte: str


class TabelaImagem(Tabela):
    """The whole configuration of one hospital's imaging rules."""

    nome: Literal["imagem"] = "imagem"
    fonte_modalidades: str
    modalidades: Annotated[tuple[Modalidade, ...], Field(min_length=1)]
    iodado_iv: IodadoIv
    metformina: Metformina
    gadolinio: Gadolinio
    gestacao: Gestacao
    creatinina: Creatinina
    implantes: Fonte
    alergia: Fonte

    def modality(self, name: str) -> Modalidade | None:
        """The modality with that name or synonym, whatever its case or accents."""
        plain = unicodedata.normalize("NFKD", name.strip().casefold())
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        return next((row for row in self.modalidades if plain in (row.tipo, *row.sinonimos)), None)
