"""exames.imagem: an imaging study that somebody asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from handlers.exames.tables import IMAGEM
from shared.clinical.fields import Entrada, TextoCurto
from shared.clinical.people import Momento, Pedido

Contraste = Literal["nenhum", "iodado_iv", "iodado_ia", "gadolinio_g1", "gadolinio_g2", "gadolinio_g3"]
SegurancaRm = Literal["seguro", "condicional", "inseguro", "desconhecido"]
_CREATININE = Decimal("0.05"), Decimal(40)  # mg/dL: outside, the unit is not the one stated ◇


def plausible_creatinine(mg_dl: Decimal) -> bool:
    """Whether the field takes the value; a reader of documents leaves out, and reports, what it does not take."""
    return _CREATININE[0] <= mg_dl <= _CREATININE[1]


class Dispositivo(Entrada):
    """An implant or device. A bare text is one whose safety in MR nobody has stated."""

    descricao: TextoCurto
    seguranca_rm: SegurancaRm = "desconhecido"

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"descricao": value} if isinstance(value, str) else value


class PedidoImagem(Pedido):
    """`tipo_exame` comes from the path. `dispositivos` empty means none; absent means nobody asked."""

    tipo_exame: TextoCurto
    regiao: TextoCurto
    lateralidade: Literal["direita", "esquerda", "bilateral", "nao_se_aplica"] | None = None
    contraste: Contraste | None = Field(None, description="Absent: nobody said. `nenhum` states that there is none")
    creatinina_mg_dl: Annotated[Decimal, Field(ge=_CREATININE[0], le=_CREATININE[1], description="mg/dL")] | None = None
    creatinina_em: Momento | None = None
    solicitado_em: Momento | None = Field(None, description="When the study was asked for: fixes the patient's age")
    ira_aguda: bool | None = None
    dialise: bool | None = None
    metformina: bool | None = None
    dispositivos: Annotated[list[Dispositivo], Field(max_length=50)] | None = None
    alergia_contraste: bool | None = None

    @field_validator("tipo_exame")
    @classmethod
    def _known(cls, name: str) -> str:
        modality = IMAGEM.current().modality(name)
        if modality is None:
            accepted = ", ".join(row.tipo for row in IMAGEM.current().modalidades)
            raise ValueError(f"tipo de exame de imagem desconhecido; aceitos: {accepted}")
        return modality.tipo
