"""What a reader builds while it goes through a Bundle: native fields, and the report of how they came to be."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from shared.fhir.node import Found
from shared.interop import Correspondencia, Mapeamento, Mapped, Pendencia

_MOST_PENDING = 200  # a report is for people; what is beyond is counted

_NEVER_MISSED = ("idempotency_key", "paciente.nao_identificado")


class Reading:
    """Fields are dotted paths of the event's request (`paciente.cpf`, `resultados.0.valor`)."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._payload: dict[str, Any] = {}
        self._mapped: list[Correspondencia] = []
        self._pending: list[Pendencia] = []
        self._unlisted = 0
        self._filled: set[str] = set()  # every field with a value, and every part on the way to one

    def put(self, field: str, found: Found | None) -> None:
        """Fill a field; nothing found leaves it missing."""
        if found is None:
            return
        parts = field.split(".")
        _place_in(self._payload, parts, found.value)
        self._filled.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))
        self._mapped.append(Correspondencia(de=found.place, para=field))

    def puzzle(self, place: str, code: str, detail: str) -> None:
        """Report a place that was not understood. `detail` never holds a value of the document."""
        if len(self._pending) < _MOST_PENDING:
            self._pending.append(Pendencia(onde=place, codigo=code, detalhe=detail))
        else:
            self._unlisted += 1

    def has(self, field: str) -> bool:
        """Whether the field, or any part of it, has a value."""
        return field in self._filled

    def finish(self, request: type[BaseModel], from_elsewhere: tuple[str, ...] = ()) -> Mapped:
        """The payload and the whole report. `from_elsewhere` names fields that no document is asked for."""
        known = {*_NEVER_MISSED, *from_elsewhere}
        missing = [name for name in _missing(request, self._payload, "") if name not in known]
        return Mapped(self.report(missing), self._payload)

    def report(self, missing: list[str]) -> Mapeamento:
        """All that was mapped and not understood so far."""
        pending = list(self._pending)
        if self._unlisted:
            detail = f"mais {self._unlisted} lugares não compreendidos, além dos listados"
            pending.append(Pendencia(onde="Bundle", codigo="relatorio_truncado", detalhe=detail))
        return Mapeamento(origem=self._origin, mapeados=self._mapped, ausentes=missing, nao_compreendidos=pending)


def _place_in(payload: dict[str, Any], parts: list[str], value: Any) -> None:
    """Set a nested field; a number in the path is the index in a list, filled in order."""
    here: Any = payload
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        fresh: Any = value if not following else [] if following.isdigit() else {}
        if isinstance(here, list):
            if int(part) == len(here):
                here.append(fresh)
            here = here[int(part)]
        else:
            here[part] = value if not following else here.get(part, fresh)
            here = here[part]


def _missing(request: type[BaseModel], payload: dict[str, Any], prefix: str) -> list[str]:
    """Fields without a value, one level into the objects that are there."""
    names: list[str] = []
    for name, spec in request.model_fields.items():
        if name not in payload:
            names.append(prefix + name)
        elif isinstance(payload[name], dict) and not prefix and (inner := _model_of(spec.annotation)):
            names += _missing(inner, payload[name], f"{name}.")
    return names


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model in `X` or `X | None`."""
    options = (annotation, *getattr(annotation, "__args__", ()))
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
