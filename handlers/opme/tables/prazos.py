"""Deadlines of the norms, in business days: the same for every hospital."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from handlers.opme.requests import Carater
from shared.clinical.tables import Linha, Tabela

DiasUteis = Annotated[int, Field(ge=0, le=365)]


class PrazoPorCarater(Linha):
    fonte: str
    dias_uteis: dict[Carater, DiasUteis]


class PrazoUnico(Linha):
    fonte: str
    dias_uteis: DiasUteis


class TabelaPrazos(Tabela):
    """`resposta` of the operator, `atendimento` of the patient, `desempate` by the agreed specialist."""

    resposta: PrazoPorCarater
    atendimento: PrazoPorCarater
    desempate: PrazoUnico
