"""Who a hospital request is about and who sent it, in the wire's own field names."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from shared.clinical.ages import refuse_impossible_age
from shared.clinical.fields import Data, DataHora, Entrada, Texto, TextoCurto, TextoLongo, no_boolean
from shared.clinical.identifiers import Cbo, Cnes, Cns, Cpf, Crm, Uf

Sexo = Literal["M", "F"]
Gestante = Literal["sim", "nao", "desconhecido"]


class NaoIdentificado(Entrada):
    """Why the patient has neither CPF nor CNS (unconscious, newborn, foreigner, …)."""

    motivo: Texto


class Paciente(Entrada):
    """The patient. One of `cpf`, `cns`, `nao_identificado` is required."""

    cpf: Cpf | None = None
    cns: Cns | None = None
    nao_identificado: NaoIdentificado | None = None
    prontuario: TextoCurto
    nome: TextoCurto
    nome_social: TextoCurto | None = None
    data_nascimento: Data
    sexo: Sexo
    gestante: Gestante | None = None
    idade_gestacional_sem: (
        Annotated[int, BeforeValidator(no_boolean), Field(ge=1, le=44, description="Completed weeks")] | None
    ) = None
    peso_kg: Annotated[Decimal, Field(gt=0, le=700, description="kg")] | None = None
    altura_cm: Annotated[Decimal, Field(ge=20, le=280, description="cm")] | None = None
    recusa_ia: bool = Field(False, description="The patient refuses AI: rules run, agents do not (CFM 2.454/2026)")

    @model_validator(mode="after")
    def _identified(self) -> Self:
        if self.cpf is None and self.cns is None and self.nao_identificado is None:
            raise ValueError("informe cpf, cns ou nao_identificado com motivo")
        return self

    @model_validator(mode="after")
    def _weeks_need_a_pregnancy(self) -> Self:
        if self.idade_gestacional_sem is not None and self.gestante != "sim":
            raise ValueError("idade_gestacional_sem só é aceita com gestante igual a sim")
        return self


def pregnancy_contradicted(patient: Paciente, years: int, youngest: int, oldest: int) -> bool:
    """Whether a stated pregnancy is of a male, or of an age at which none is expected (both ends still are) ◇.

    Rules must not rest on it: a wrong tick would switch off the scores and cut-offs that the patient needs.
    """
    return patient.gestante == "sim" and (patient.sexo == "M" or not youngest <= years <= oldest)


class Profissional(Entrada):
    """The physician who asks or signs."""

    nome: TextoCurto
    crm: Crm
    uf: Uf
    cns: Cns | None = None
    cbo: Cbo | None = None


class Estabelecimento(Entrada):
    """The health establishment."""

    cnes: Cnes


def _of_a_possible_age(moment: datetime, info: ValidationInfo) -> datetime:
    if "paciente" in info.data:
        refuse_impossible_age(info.data["paciente"].data_nascimento, moment.date())
    return moment


Momento = Annotated[DataHora, AfterValidator(_of_a_possible_age)]
"""A time in the life of a request's `paciente`: after the birth, and not longer after it than anybody has lived."""


class Pedido(Entrada):
    """Base of every hospital request; a domain's requests add their own fields."""

    paciente: Paciente
    profissional: Profissional | None = None
    estabelecimento: Estabelecimento | None = None
    idempotency_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    texto_clinico: TextoLongo | None = Field(None, description="Free text; local models only, unless configured")
