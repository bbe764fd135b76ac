"""What a hospital sends to ask for orthoses, prostheses and special materials (TISS annex; FHIR Claim).

Only what identifies the request is refused at the door. What an auditor may still ask for is optional here: the
completeness gate in `rules/completude.py` names each missing item instead of turning the request away.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from shared.clinical.fields import Data, Entrada, TextoCurto, no_boolean
from shared.clinical.identifiers import Cid10, Cnpj, normalise
from shared.clinical.people import Pedido

Carater = Literal["eletiva", "urgencia", "outros"]
Lado = Literal["direito", "esquerdo", "bilateral", "nao_se_aplica"]
Reais = Annotated[Decimal, Field(gt=0, le=10_000_000, decimal_places=2, description="BRL")]
Quantidade = Annotated[Decimal, Field(gt=0, le=9_999, decimal_places=3)]
Dia = Annotated[Data, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]
Justificativa = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Especificacao = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


def procedure_code(text: str) -> str:
    """8 digits (TUSS) or 10 (SIGTAP), without mask."""
    code = normalise(text)
    if not code.isdigit() or len(code) not in (8, 10):
        raise ValueError("procedimento deve ter 8 algarismos (TUSS) ou 10 (SIGTAP)")
    return code


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class ItemOpme(Entrada):
    """One requested material. `opcao_fabricante` is the physician's order of preference, 1 to 3."""

    tabela: Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=r"^[0-9a-z]{1,10}$")] | None = None
    codigo: Annotated[str, AfterValidator(normalise), Field(max_length=20)] | None = None
    descricao: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] | None = None
    opcao_fabricante: Annotated[int, BeforeValidator(no_boolean), Field(ge=1, le=3)] | None = None
    quantidade: Quantidade | None = None
    valor_solicitado: Reais | None = None
    registro_anvisa: TextoCurto | None = None
    codigo_ref_fabricante: TextoCurto | None = None
    autorizacao_funcionamento: TextoCurto | None = None


class Cotacao(Entrada):
    """One quotation. `cnpj` is the supplier's, `fabricante` the maker of the brand; `validade` is its last good day.

    `codigo` says which material it is for, where the request has more than one.
    """

    codigo: Annotated[str, AfterValidator(normalise), Field(max_length=20)] | None = None
    cnpj: Cnpj | None = None
    marca: TextoCurto | None = None
    fabricante: TextoCurto | None = None
    valor: Reais | None = None
    validade: Data | None = None


class Solicitacao(Pedido):
    """A request for OPME."""

    data_solicitacao: Dia | None = Field(None, description="Day of protocol; deadlines count from the next day")
    data_procedimento: Dia | None = Field(None, description="Planned day: registrations must be in force on it")
    numero_guia: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    registro_ans: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    justificativa_tecnica: Justificativa
    especificacao_material: Especificacao | None = None
    carater: Carater
    cid: Cid10
    procedimento: Annotated[str, AfterValidator(procedure_code)]
    itens: Annotated[list[ItemOpme], Field(max_length=100)] | None = None
    cotacoes: Annotated[list[Cotacao], Field(max_length=100)] | None = None


class Protese(Solicitacao):
    """A request for a prosthesis: side, size and material of what is implanted."""

    lado: Lado | None = None
    dimensao: TextoCurto | None = None
    material: TextoCurto | None = None
    lote: TextoCurto | None = None
    udi: TextoCurto | None = None


class Material(Solicitacao):
    """A request for special material: how much will be used and whether it is for one use."""

    consumo_previsto: Quantidade | None = None
    uso_unico: bool
