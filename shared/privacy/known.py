"""Which fields of a request name somebody, and which hold what a person wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from shared.privacy.identifiers import Identifiers

_PEOPLE = frozenset({"paciente", "profissional"})
_NUMBERS = frozenset({"numero_guia", "lote", "udi", "idempotency_key"})
_FREE_TEXTS = frozenset(
    {"texto_clinico", "queixa_principal", "orientacoes", "justificativa_tecnica", "indicacao_clinica", "motivo"}
)
# Values with few possible answers say nothing about who: looking for them would stop every text.
_NOT_IDENTIFYING = frozenset({"sexo", "gestante", "uf", "cbo"})

_Path = tuple[str, ...]


def identifiers_of(request: BaseModel | Mapping[str, Any]) -> Identifiers:
    """Read them off the fields of a request, or of any mapping with a `paciente` or a `profissional` in it.

    Every text, date and code below those two counts as naming somebody, whatever its field is called.
    """
    data = request.model_dump(mode="json") if isinstance(request, BaseModel) else request
    return Identifiers(
        names=frozenset(text for path, text in _texts(data, ()) if _names_somebody(path)),
        quotes=frozenset(text for path, text in _texts(data, ()) if path[-1] in _FREE_TEXTS),
    )


def _names_somebody(path: _Path) -> bool:
    if path[-1] in _NOT_IDENTIFYING | _FREE_TEXTS:
        return False
    return path[-1] in _NUMBERS or not _PEOPLE.isdisjoint(path)


def _texts(data: Any, path: _Path) -> Iterator[tuple[_Path, str]]:
    """Every text with the keys that lead to it."""
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json")
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _texts(value, (*path, str(key)))
    elif isinstance(data, list | tuple):
        for item in data:
            yield from _texts(item, path)
    elif isinstance(data, datetime | date) and path:
        yield path, data.isoformat()
    elif isinstance(data, str) and path:
        yield path, data
