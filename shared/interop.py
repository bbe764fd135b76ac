"""What every way in has in common: a document of another standard, turned into an event's native fields.

A reader never guesses: what it could not place it says in the report, and the event's own model then decides whether
what is missing matters. Reports name places and fields, never a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

FHIR_JSON = "application/fhir+json"
HL7_V2 = "application/hl7-v2"
SHORTENED = "texto_reduzido"
"""Code of a `Pendencia`: a text that refuses nothing went into its field shorter than it came."""


class Correspondencia(BaseModel):
    """One place of the document (`PID-7`, `Bundle.entry[1].resource.birthDate`) and the field that it filled."""

    model_config = ConfigDict(extra="forbid")

    de: str
    para: str


class Pendencia(BaseModel):
    """A place that was not understood, with a stable code (`unidade_desconhecida`) and words for a person."""

    model_config = ConfigDict(extra="forbid")

    onde: str
    codigo: str
    detalhe: str


class Mapeamento(BaseModel):
    """The report that a caller gets with the 202, and reads again beside the result."""

    model_config = ConfigDict(extra="forbid")

    origem: str
    mapeados: list[Correspondencia] = []
    ausentes: list[str] = []
    nao_compreendidos: list[Pendencia] = []


@dataclass(slots=True)
class Mapped:
    """A document read: native fields, not validated yet, and the report of how they came to be.

    `key` is what the document says makes it the same one again, hashed; it serves where no Idempotency-Key came.
    `content`: hash of what must be equal under that key, through every door; None: the request that came of it.
    """

    report: Mapeamento
    payload: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    content: str | None = None


Reader = Callable[[bytes], Mapped]
"""Raises `shared.errors.InvalidField` naming places when the document as a whole cannot be used."""


def shortened(longest: int) -> str:
    """The words beside `SHORTENED`."""
    return f"lido sem caracteres de controle e até {longest} caracteres"
