"""A dated snapshot of ANVISA's open base of devices, as far as the hospital keeps it."""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from shared.clinical.table_files import ArquivoCsv
from shared.clinical.tables import Linha, Tabela

_BRAZILIAN_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})(?: .*)?", re.ASCII)
_WITHOUT_END = {"VIGENTE", "INDETERMINADA", "PRAZO INDETERMINADO"}


def _published_date(value: object) -> object:
    """`31/12/2027` as a date; the base writes `VIGENTE` for a registration without a last day ◇."""
    if not isinstance(value, str):
        return value
    if value.strip().upper() in _WITHOUT_END:
        return "indeterminada"
    match = _BRAZILIAN_DATE.fullmatch(value.strip())
    return f"{match[3]}-{match[2]}-{match[1]}" if match else value


def _digits(value: object) -> object:
    return re.sub(r"[^0-9]", "", value) if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Inicio = Annotated[date | None, BeforeValidator(_published_date)]
Fim = Annotated[date | Literal["indeterminada"] | None, BeforeValidator(_published_date)]


class RegistroAnvisa(Linha):
    """One registration. A date that is None is not known, which is not the same as having no end."""

    registro: Annotated[str, BeforeValidator(_digits), Field(pattern=r"^[0-9]{11}$")]
    situacao: Annotated[Literal["ativo", "cancelado", "suspenso"], BeforeValidator(_lower)] = "ativo"
    valido_desde: Inicio = None
    valido_ate: Fim = None
    detentor: str | None = None
    fabricante: str | None = None


def _common(one: RegistroAnvisa, other: RegistroAnvisa) -> RegistroAnvisa:
    """What two rows of one number agree on; the base has a row per factory ◇. A disagreement is not known."""
    differing = {name for name in RegistroAnvisa.model_fields if getattr(one, name) != getattr(other, name)}
    unknown: dict[str, None] = dict.fromkeys(differing - {"situacao"})
    if "situacao" in differing:
        unknown |= {"valido_desde": None, "valido_ate": None}
    status = {"situacao": "ativo"} if "situacao" in differing else {}
    return one.model_copy(update=unknown | status)


class TabelaAnvisa(Tabela):
    """`data` is the day of the snapshot: nothing is known of what happened after it."""

    fonte: Annotated[str, Field(min_length=3)]
    data: date
    arquivo: ArquivoCsv | None = None
    linhas: Annotated[tuple[RegistroAnvisa, ...], Field(min_length=1)]

    @cached_property
    def _by_number(self) -> dict[str, RegistroAnvisa]:
        found: dict[str, RegistroAnvisa] = {}
        for row in self.linhas:
            found[row.registro] = _common(found[row.registro], row) if row.registro in found else row
        return found

    def find(self, number: str) -> RegistroAnvisa | None:
        """The registration with that number, mask or not; None outside the snapshot."""
        return self._by_number.get(re.sub(r"[^0-9]", "", number))
