"""What a hospital sends for an encounter, an admission and a discharge.

A list that is absent means "not informed"; an empty list means "stated to be none". The rules treat them differently.
A vital sign that cannot be right is accepted and kept as it came: the rules set it aside and say so (decision 0016).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from shared.clinical.fields import Entrada, Texto, TextoCurto, TextoLongo, no_boolean
from shared.clinical.identifiers import Cid10, sigtap_code, tuss_code
from shared.clinical.people import Momento, Pedido, Profissional

Carater = Literal["eletiva", "urgencia"]
Cids = Annotated[list[Cid10], Field(max_length=60)]
Sigtap = Annotated[str, AfterValidator(sigtap_code)]
Tuss = Annotated[str, AfterValidator(tuss_code)]
# Wide: what no living patient has is for the rules to name, what is no measurement at all is refused here.
_WIDEST = 1_000_000
Medida = Annotated[Decimal, BeforeValidator(no_boolean), Field(ge=-_WIDEST, le=_WIDEST)]


def _whole_where_it_is(value: Decimal) -> Decimal | int:
    return int(value) if value == value.to_integral_value() else value


Contagem = Annotated[
    Medida, AfterValidator(_whole_where_it_is), PlainSerializer(lambda value: value, return_type=int | Decimal)
]
"""A count or percentage: 72 stays an integer in every finding, 72.5 is itself."""


def is_measurement(value: Decimal) -> bool:
    """Whether a vital sign takes the number; a reader of documents leaves out, and reports, any other."""
    return abs(value) <= _WIDEST


class SinaisVitais(Entrada):
    """One set of vital signs; units stand in the names. Fractions stay: rounding could move a score."""

    fr_irpm: Contagem | None = None
    spo2_pct: Contagem | None = None
    o2_suplementar: bool | None = None
    escala_spo2: Literal[1, 2] | None = Field(None, description="2 only where 88–92 % was prescribed as the target")
    pas_mmhg: Contagem | None = None
    pad_mmhg: Contagem | None = None
    fc_bpm: Contagem | None = None
    temperatura_c: Medida | None = None
    consciencia: Literal["A", "C", "V", "P", "U"] | None = None
    glasgow: Contagem | None = None


class Medicamento(Entrada):
    """One prescribed or current drug. `dcb` is the Brazilian common denomination."""

    nome: TextoCurto
    dcb: TextoCurto | None = None
    dose: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = None
    unidade: TextoCurto | None = None
    via: TextoCurto | None = None

    @model_validator(mode="after")
    def _dose_has_a_unit(self) -> Self:
        if self.dose is not None and self.unidade is None:
            raise ValueError("informe a unidade da dose")
        return self


Alergias = Annotated[list[TextoCurto], Field(max_length=100)]
Medicamentos = Annotated[list[Medicamento], Field(max_length=200)]


class Consulta(Pedido):
    """An encounter (FHIR Encounter; ADT^A04)."""

    data_hora: Momento
    profissional: Profissional
    queixa_principal: Texto
    sinais_vitais: SinaisVitais | None = None
    alergias: Alergias | None = None
    medicamentos: Medicamentos | None = None
    cids: Cids | None = None


class Internacao(Consulta):
    """An admission (ADT^A01): the encounter and where, why and how the patient comes in."""

    data_hora_internacao: Momento
    carater: Carater
    origem: TextoCurto | None = None
    leito: TextoCurto | None = None
    cid_principal: Cid10
    cids_secundarios: Cids | None = None
    procedimento_sigtap: Sigtap | None = None
    procedimento_tuss: Tuss | None = None
    operadora_ans: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    numero_guia: Annotated[str, Field(min_length=1, max_length=20)] | None = None

    @model_validator(mode="after")
    def _one_procedure_table(self) -> Self:
        if self.procedimento_sigtap is not None and self.procedimento_tuss is not None:
            raise ValueError("informe procedimento_sigtap ou procedimento_tuss, não os dois")
        return self


class Alta(Pedido):
    """A discharge (ADT^A03). `carater` and `alergias` repeat the admission's: LACE and the drug check need them."""

    data_hora_internacao: Momento
    data_hora_alta: Momento
    motivo_saida: TextoCurto = Field(description="Words or the two-digit TISS/SIH code")
    cid_principal: Cid10
    cids_secundarios: Cids | None = None
    visitas_ps_6m: Annotated[int, BeforeValidator(no_boolean), Field(ge=0, le=400)] | None = Field(
        None, description="Emergency visits in the 6 months before, without the present one"
    )
    prescricao_alta: Medicamentos | None = None
    orientacoes: TextoLongo | None = None
    pendencias: Annotated[list[Texto], Field(max_length=100)] | None = None
    carater: Carater | None = None
    alergias: Alergias | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.data_hora_alta < self.data_hora_internacao:
            raise ValueError("data_hora_alta anterior a data_hora_internacao")
        return self
