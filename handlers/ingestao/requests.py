"""What a hospital sends to load a register: a file, inline or uploaded before, its format, its origin."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from shared.clinical.fields import Entrada, TextoCurto
from shared.clinical.people import Estabelecimento

Formato = Literal["csv", "fhir_bundle", "ndjson", "hl7v2"]
_UPLOAD_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
INLINE_MAX_CHARACTERS = 1_000_000


def _hexadecimal(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise ValueError("arquivo_sha256 deve ter 64 algarismos hexadecimais")
    return value.lower()


def sha256_of(text: str) -> str:
    """Digest of the UTF-8 bytes of an inline file, exactly as received. Raises ValueError for lone surrogates."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Ingestao(Entrada):
    """A file of records. Its digest is checked here when it is inline, else when it is read.

    `mapeamento` names our field for a column of the file: `{"Dt Nasc": "data_nascimento"}`.
    """

    formato: Formato
    origem: TextoCurto
    arquivo: Annotated[
        str,
        Field(
            min_length=1,
            max_length=INLINE_MAX_CHARACTERS,
            description="O conteúdo do arquivo, ou o id de um upload (POST /api/uploads) com ele",
        ),
    ]
    arquivo_sha256: Annotated[str, AfterValidator(_hexadecimal)] | None = None
    mapeamento: Annotated[dict[TextoCurto, TextoCurto], Field(max_length=200)] | None = None
    formato_data: Literal["iso", "dd/mm/aaaa"] | None = Field(
        None, description="Declares how dates are written; without it 03/04/1980 is ambiguous and its row is rejected"
    )
    estabelecimento: Estabelecimento | None = None
    idempotency_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @property
    def upload_id(self) -> str | None:
        """The upload that holds the file, or None for inline text. No row of any format looks like an id alone."""
        text = self.arquivo.strip()
        return text.lower() if _UPLOAD_ID.fullmatch(text) else None

    @model_validator(mode="after")
    def _digest_agrees(self) -> Self:
        if (
            self.upload_id is None
            and self.arquivo_sha256 is not None
            and sha256_of(self.arquivo) != self.arquivo_sha256
        ):
            raise ValueError("arquivo_sha256 não corresponde ao conteúdo recebido")
        return self

    @model_validator(mode="after")
    def _one_column_per_field(self) -> Self:
        targets = list((self.mapeamento or {}).values())
        if len(set(targets)) != len(targets):
            raise ValueError("mapeamento leva duas colunas ao mesmo campo")
        return self


class IngestaoPacientes(Ingestao):
    """A file of patients."""


class IngestaoMedicos(Ingestao):
    """A file of physicians."""
