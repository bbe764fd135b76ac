"""The result of every hospital task: what deterministic code found and what agents wrote on top.

Field names are Portuguese because they are the wire contract (reference: clinical result envelope).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Gravidade(StrEnum):
    """How much a finding matters to the person who signs."""

    INFO = "info"
    ATENCAO = "atencao"
    CRITICO = "critico"  # raises an alert at once, before any model is asked


class Registro(BaseModel):
    """Base of everything in a result: unknown keys are an error of ours."""

    model_config = ConfigDict(extra="forbid")


class Achado(Registro):
    """One finding. `id` (`A1`, `A2`, …) is what every sentence of the opinion cites."""

    id: str
    codigo: str = Field(description="Stable snake_case code, e.g. `anemia_moderada`")
    gravidade: Gravidade
    descricao: str = Field(description="One Portuguese sentence with the numbers and units")
    evidencia: dict[str, Any] = Field(description="The values the rule looked at, with units")
    fonte: str = Field(description="The published source of the rule or the number")
    versao_regra: str


class Alerta(Registro):
    """A critical finding on its way to a person; leaves before any model call."""

    id: str
    achado: str = Field(description="Id of the finding that raised it")
    codigo: str
    descricao: str
    em: datetime


class Avaliacao(Registro):
    """All that the rules of one event say. Computed without any model, network or clock of its own."""

    achados: list[Achado] = []
    calculos: dict[str, Decimal | int | str | bool | None] = {}
    dados_faltantes: list[str] = Field([], description="Fields whose absence left a rule without an answer")
    nao_avaliado: list[str] = Field([], description="What this version does not evaluate, in words")
    versoes_tabelas: dict[str, str] = {}

    @property
    def criticos(self) -> list[Achado]:
        return [a for a in self.achados if a.gravidade is Gravidade.CRITICO]

    def anotar(
        self,
        codigo: str,
        gravidade: Gravidade,
        descricao: str,
        evidencia: dict[str, Any],
        fonte: str,
        versao_regra: str,
    ) -> Achado:
        """Append a finding under the next id (`A1`, `A2`, …) and return it."""
        achado = Achado(
            id=f"A{len(self.achados) + 1}",
            codigo=codigo,
            gravidade=gravidade,
            descricao=descricao,
            evidencia=evidencia,
            fonte=fonte,
            versao_regra=versao_regra,
        )
        self.achados.append(achado)
        return achado


class Parecer(Registro):
    """The crew's draft opinion. Never a fact of its own: each sentence cites `achados` by id."""

    texto: str
    citacoes: list[str]
    agentes: list[str]


class Revisao(Registro):
    """The professional's decision; `pendente` until a named person signs."""

    estado: str = "pendente"
    conselho: str | None = None
    registro: str | None = None
    uf: str | None = None
    motivo: str | None = None
    em: datetime | None = None


class ModeloUsado(Registro):
    """One model that answered calls of a crew. `custo_microusd` includes the attempts that failed before it."""

    provedor: str
    modelo: str
    implantacao: str = Field(description="Its name in the catalogue of models")
    chamadas: int
    custo_microusd: int = Field(description="Millionths of a US dollar")


class Proveniencia(Registro):
    """How the opinion came to be, enough to repeat it. `modelo` and `provedor` wrote its text."""

    modelo: str
    provedor: str
    modelos: list[ModeloUsado] = Field(description="Every model that answered, in the order of its first answer")
    contingencia: bool = Field(description="A model other than the first choice answered at least once")
    versao_prompt: str
    hash_prompt: str
    hash_entrada: str
    versoes_tabelas: dict[str, str]
    tokens: dict[str, int]
    custo_microusd: int = Field(description="Of all calls, in millionths of a US dollar")


class Resultado(Registro):
    """The envelope that a caller reads in `result` of a completed hospital task."""

    achados: list[Achado]
    calculos: dict[str, Any]
    dados_faltantes: list[str]
    nao_avaliado: list[str]
    versoes_tabelas: dict[str, str] = Field(description="Of every table behind the findings, with or without agents")
    parecer: Parecer | None
    revisao: Revisao
    proveniencia: Proveniencia | None
    aviso: str


AVISO_RASCUNHO = (
    "Rascunho gerado por regras determinísticas e agentes de IA; sem validade clínica até a assinatura "
    "de um profissional habilitado (CFM 2.454/2026)."
)
AVISO_SEM_AGENTES = (
    "Somente regras determinísticas: nenhum texto de agente foi produzido para este resultado. "
    "Sem validade clínica até a assinatura de um profissional habilitado (CFM 2.454/2026)."
)
AVISO_RECUSA_IA = (
    "O paciente recusou o uso de IA: somente regras determinísticas, nenhum modelo foi consultado. "
    "Sem validade clínica até a assinatura de um profissional habilitado (CFM 2.454/2026)."
)
