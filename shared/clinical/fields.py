"""Field types every request shares: aware times, ISO dates, clean text, and the base that forbids extra fields."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Entrada(BaseModel):
    """Base of everything that comes in: unknown fields are refused, and errors never show a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _iso_text(value: Any) -> Any:
    """Refuse numbers: pydantic would read them as seconds since 1970, which no hospital meant."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _ISO_DATE.match(value):
        raise ValueError("use a forma ISO 8601 (AAAA-MM-DD ou AAAA-MM-DDThh:mm:ss-03:00)")
    return value


def no_boolean(value: Any) -> Any:
    """Refuse `true` where a number belongs: pydantic would read a respiratory rate of 1."""
    if isinstance(value, bool):
        raise ValueError("deve ser um número")
    return value


def _with_zone(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise ValueError("informe o fuso horário (por exemplo -03:00): hora sem fuso não é aceita")
    return value


def _without_controls(value: str) -> str:
    if CONTROL_CHARACTERS.search(value):
        raise ValueError("texto com caracteres de controle")
    return value


LONGEST_TEXT = 20_000
"""Characters of `TextoLongo`."""

Data = Annotated[date, BeforeValidator(_iso_text)]
DataHora = Annotated[datetime, AfterValidator(_with_zone), BeforeValidator(_iso_text)]
"""A time with its zone; one without is refused, because a guess would move it across midnight."""

_Clean = AfterValidator(_without_controls)
TextoCurto = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), _Clean]
Texto = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), _Clean]
TextoLongo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT), _Clean]
