"""The register on the wire: rows of a file, questions about people, merges; in the words of a file's columns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.clinical.fields import Entrada, TextoCurto
from shared.register.records import Disposition
from shared.register.reviewing import DIFFERENT, SAME

# The register's names as columns; what is not here is the same word, or not shown.
_COLUMNS = {
    "name": "nome",
    "social_name": "nome_social",
    "mother_name": "nome_mae",
    "birth_date": "data_nascimento",
    "sex": "sexo",
    "record": "prontuario",
    "version": "versao",
}
_NOT_SHOWN = ("identifiers", "prior")
_KINDS = {"patient": "paciente", "physician": "medico"}


class EstadoRevisao(StrEnum):
    ABERTA = "aberta"
    MESMA_PESSOA = SAME
    PESSOAS_DIFERENTES = DIFFERENT


class Decisao(StrEnum):
    MESMA_PESSOA = SAME
    PESSOAS_DIFERENTES = DIFFERENT


class DecisaoRevisao(Entrada):
    """`responsavel` is the person who decides."""

    model_config = ConfigDict(json_schema_extra={"example": {"decisao": SAME, "responsavel": "Ana Inventada, SAME"}})
    decisao: Decisao
    responsavel: TextoCurto


class Desfazer(Entrada):
    """`responsavel` is the person who decides."""

    model_config = ConfigDict(json_schema_extra={"example": {"responsavel": "Ana Inventada, SAME"}})
    responsavel: TextoCurto


class LinhaView(BaseModel):
    """One row of the file; `linha` counts entries of a Bundle or messages of a batch where there are no lines."""

    linha: int
    byte_inicial: int
    hash: str = Field(description="BLAKE2b-128 of the row's bytes")
    disposicao: Disposition
    cadastro: str | None = Field(description="The person in the register")
    codigos: list[str]


class PaginaLinhas(BaseModel):
    items: list[LinhaView]
    next_cursor: str | None


class RevisaoView(BaseModel):
    """A question. `linha_recebida`: the row that waits for the answer, null where both people are in the register."""

    id: str
    tipo: str
    motivo: str
    semelhanca: int
    pessoas: list[dict[str, Any] | None] = Field(description="By the columns of a file, with id and version")
    linha_recebida: dict[str, Any] | None
    linha: int | None
    estado: EstadoRevisao
    responsavel: str | None
    fusao: str | None
    criada_em: datetime
    decidida_em: datetime | None


class PaginaRevisoes(BaseModel):
    items: list[RevisaoView]
    next_cursor: str | None


class FusaoView(BaseModel):
    """Two people made one; `desfeita_em` says that they are two again."""

    id: str
    tipo: str
    cadastro: str
    fundido: str
    causa: str
    estado: str
    criada_em: datetime
    desfeita_em: datetime | None
    desfeita_por: str | None


class PaginaFusoes(BaseModel):
    items: list[FusaoView]
    next_cursor: str | None


class DecisaoView(BaseModel):
    id: str
    estado: str
    fusao: str | None


def row_view(row: dict[str, Any]) -> dict[str, Any]:
    """One row of a file and what became of it."""
    return {
        "linha": row["line"],
        "byte_inicial": row["first_byte"],
        "hash": row["digest"],
        "disposicao": row["disposition"],
        "cadastro": row["person"],
        "codigos": row["codes"].split() if row["codes"] else [],
    }


def question_view(row: dict[str, Any]) -> dict[str, Any]:
    """One question of the queue, with the people it is about."""
    return {
        "id": row["id"],
        "tipo": _KINDS[row["kind"]],
        "motivo": row["reason"],
        "semelhanca": row["score"],
        "pessoas": [_person(person) for person in row["people"]],
        "linha_recebida": _person(row["incoming"]),
        "linha": row["line"],
        "estado": row["state"],
        "responsavel": row["decided_by"],
        "fusao": row["merge"],
        "criada_em": row["created_at"],
        "decidida_em": row["decided_at"],
    }


def _person(known: dict[str, Any] | None) -> dict[str, Any] | None:
    if known is None:
        return None
    return {_COLUMNS.get(name, name): value for name, value in known.items() if name not in _NOT_SHOWN}


def merge_view(row: dict[str, Any]) -> dict[str, Any]:
    """One merge, and who undid it."""
    return {
        "id": row["id"],
        "tipo": _KINDS[row["kind"]],
        "cadastro": row["survivor"],
        "fundido": row["merged"],
        "causa": row["cause"],
        "estado": row["state"],
        "criada_em": row["created_at"],
        "desfeita_em": row["undone_at"],
        "desfeita_por": row["undone_by"],
    }
