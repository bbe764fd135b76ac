"""What can be wrong with an HL7 message: a place, a code of table HL70357, and words for a person. Never a value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import IdempotencyMismatch, InvalidField, PlantaoError, UnusableDocument
from shared.interop import Correspondencia
from shared.validation import MISSING_FIELD


class Fault(StrEnum):
    """Our stable codes, as problem+json and ERR-5 carry them."""

    MSH_AUSENTE = "msh_ausente"
    SEPARADOR_DE_SEGMENTOS_AUSENTE = "separador_de_segmentos_ausente"
    SEGMENTO_AUSENTE = "segmento_ausente"
    VARIOS_PACIENTES = "varios_pacientes"
    VARIAS_COLETAS = "varias_coletas"
    SEGMENTO_TRUNCADO = "segmento_truncado"
    PEDIDO_NAO_VIGENTE = "pedido_nao_vigente"
    CAMPO_AUSENTE = "campo_ausente"
    VALOR_INVALIDO = "valor_invalido"
    CODIFICACAO_NAO_ACEITA = "codificacao_nao_aceita"
    CODIFICACAO_INVALIDA = "codificacao_invalida"
    TIPO_NAO_ACEITO = "tipo_nao_aceito"
    EVENTO_NAO_ACEITO = "evento_nao_aceito"
    CONTROLE_REPETIDO = "controle_repetido"
    MENSAGEM_GRANDE = "mensagem_grande"
    SEM_MOLDURA = "sem_moldura"
    REMETENTE_NAO_AUTORIZADO = "remetente_nao_autorizado"
    FALHA_INTERNA = "falha_interna"


# Table HL70357 (HL7 v2.5.1 chapter 2); what is not here is 102.
_HL70357 = {
    Fault.MSH_AUSENTE: ("100", "Segment sequence error"),
    Fault.SEPARADOR_DE_SEGMENTOS_AUSENTE: ("100", "Segment sequence error"),
    Fault.SEGMENTO_AUSENTE: ("100", "Segment sequence error"),
    Fault.VARIOS_PACIENTES: ("100", "Segment sequence error"),
    Fault.VARIAS_COLETAS: ("100", "Segment sequence error"),
    Fault.SEGMENTO_TRUNCADO: ("101", "Required field missing"),
    Fault.CAMPO_AUSENTE: ("101", "Required field missing"),
    Fault.PEDIDO_NAO_VIGENTE: ("103", "Table value not found"),
    Fault.CODIFICACAO_NAO_ACEITA: ("103", "Table value not found"),
    Fault.TIPO_NAO_ACEITO: ("200", "Unsupported message type"),
    Fault.EVENTO_NAO_ACEITO: ("201", "Unsupported event code"),
    Fault.CONTROLE_REPETIDO: ("205", "Duplicate key identifier"),
    Fault.SEM_MOLDURA: ("207", "Application internal error"),
    Fault.REMETENTE_NAO_AUTORIZADO: ("207", "Application internal error"),
    Fault.MENSAGEM_GRANDE: ("207", "Application internal error"),
    Fault.FALHA_INTERNA: ("207", "Application internal error"),
}
_DATA_TYPE_ERROR = ("102", "Data type error")
# Faults of the header and of the whole are a rejection (AR); faults of the content are an error (AE).
_REJECTIONS = {
    Fault.MSH_AUSENTE,
    Fault.SEPARADOR_DE_SEGMENTOS_AUSENTE,
    Fault.TIPO_NAO_ACEITO,
    Fault.EVENTO_NAO_ACEITO,
    Fault.MENSAGEM_GRANDE,
    Fault.SEM_MOLDURA,
    Fault.REMETENTE_NAO_AUTORIZADO,
}
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:#(\d+))?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """`place` is written `PID-3[2].1` (second repetition, first component), or `OBX#4-5` in the fourth OBX.

    It is a field of the request where nothing of the message filled that, and empty where there is neither.
    """

    place: str
    code: str
    text: str

    @property
    def rejects(self) -> bool:
        """Whether the message was not even looked into."""
        return self.code in _REJECTIONS

    @property
    def hl70357(self) -> tuple[str, str]:
        """Code and words of ERR-3."""
        return _HL70357.get(Fault(self.code), _DATA_TYPE_ERROR) if self.code in set(Fault) else _DATA_TYPE_ERROR

    @property
    def location(self) -> tuple[str, ...]:
        """ERL of ERR-2: segment, its occurrence, field, repetition, component, subcomponent; empty for no place."""
        match = _PLACE.fullmatch(self.place)
        if match is None:
            return ()
        segment, occurrence, field, repetition, component, sub = match.groups()
        within = (field, repetition or "1", component or "", sub or "") if field else ("", "", "", "")
        return (segment, occurrence or "1", *within)


class UnusableMessage(UnusableDocument):
    """A message that cannot become a request as a whole, with its problems for the ACK."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__([(problem.place, problem.code, problem.text) for problem in problems])


def unusable(place: str, fault: Fault, text: str) -> UnusableMessage:
    """The usual case: one problem."""
    return UnusableMessage(Problem(place, fault.value, text))


def problems_of(error: PlantaoError, mapped: Sequence[Correspondencia] = ()) -> list[Problem]:
    """Any refusal of ours as problems of a message.

    `mapped` leads from a field of the request back to the place of the message that filled it.
    """
    if isinstance(error, UnusableDocument):
        return [Problem(place, code, text) for place, code, text in error.items]
    if isinstance(error, InvalidField):
        places = {entry.para: entry.de for entry in mapped}
        return [_field_problem(path, reason, places) for path, reason in error.fields]
    if isinstance(error, IdempotencyMismatch):
        text = "o mesmo MSH-10 deste remetente já chegou com outro conteúdo; use um novo"
        return [Problem("MSH-10", Fault.CONTROLE_REPETIDO, text)]
    fault = Fault.VALOR_INVALIDO if error.status < 500 else Fault.FALHA_INTERNA
    return [Problem("", fault, error.detail)]


def _field_problem(path: str, reason: str, places: dict[str, str]) -> Problem:
    filled = next((places[name] for name in _prefixes(path) if name in places), None)
    fault = Fault.CAMPO_AUSENTE if reason == MISSING_FIELD else Fault.VALOR_INVALIDO
    return Problem(filled or _beside(path, places) or path, fault, f"{path}: {reason}")


def _beside(path: str, places: dict[str, str]) -> str:
    """The segment that filled a neighbour of a field which nothing filled; empty when there is none."""
    parent = path.rpartition(".")[0]
    near = next((place for name, place in places.items() if parent and name.startswith(f"{parent}.")), "")
    return near.partition("-")[0]


def _prefixes(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
