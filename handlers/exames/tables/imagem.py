"""The imaging table: modalities and every threshold of contrast and radiation safety, versioned per hospital."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from handlers.exames.tables.loader import FOLDER, Linha, read_table


class Modalidade(Linha):
    """One value of `tipo_exame`, its DICOM codes and whether it uses ionising radiation ◇."""

    tipo: str
    sinonimos: tuple[str, ...]
    dicom: tuple[str, ...]
    ionizante: bool


class ParametrosSexo(Linha):
    kappa: Decimal
    alfa: Decimal


class CkdEpi(Linha):
    """Constants of CKD-EPI 2021; creatinine in mg/dL, age in years, result in mL/min/1.73 m²."""

    fator: Decimal
    expoente_alto: Decimal
    base_idade: Decimal
    fator_mulher: Decimal
    idade_minima: int
    F: ParametrosSexo
    M: ParametrosSexo
    fonte: str


class Schwartz(Linha):
    constante: Decimal
    fonte: str


class IodadoIv(Linha):
    """eGFR in mL/min/1.73 m²."""

    profilaxia_lt: Decimal
    individualizar_lt: Decimal
    fonte: str


class Metformina(Linha):
    """`perfil` selects which authority's threshold the hospital follows."""

    perfil: Literal["acr", "fda_ue"]
    suspender_lt: dict[Literal["acr", "fda_ue"], Decimal]
    horas: int
    fonte: str


class Gadolinio(Linha):
    restrito_lt: Decimal
    fonte: str


class Gestacao(Linha):
    """Ages in completed years, both included."""

    idade_min: int
    idade_max: int
    fonte: str


class Fonte(Linha):
    fonte: str


class TabelaImagem(Linha):
    """The whole configuration of one hospital's imaging rules."""

    versao: Annotated[str, Field(min_length=1)]
    nome: Literal["imagem"] = "imagem"
    fonte_modalidades: str
    modalidades: tuple[Modalidade, ...]
    ckd_epi: CkdEpi
    schwartz: Schwartz
    iodado_iv: IodadoIv
    metformina: Metformina
    gadolinio: Gadolinio
    gestacao: Gestacao
    implantes: Fonte
    alergia: Fonte

    def modality(self, name: str) -> Modalidade | None:
        """The modality with that name or synonym, whatever its case or accents."""
        plain = unicodedata.normalize("NFKD", name.strip().casefold())
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        return next((row for row in self.modalidades if plain in (row.tipo, *row.sinonimos)), None)


def load_table(path: Path) -> TabelaImagem:
    """A hospital's own table. Raises OSError or pydantic's ValidationError."""
    return read_table(TabelaImagem, path)


@lru_cache(maxsize=1)
def default_table() -> TabelaImagem:
    """The table that ships with the code."""
    return load_table(FOLDER / "imagem.json")
