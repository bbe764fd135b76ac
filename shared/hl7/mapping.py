"""Collects what a message fills of a request, and the report of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from shared.hl7.message import Message, Value, message_key
from shared.interop import Mapeamento, Mapped, Pendencia

_MOST_PENDING = 200  # a report is for people; what is beyond is counted


class Mapping:
    """Fields are named by path (`paciente.cpf`, `resultados.0.valor`), places as in `PID-3[2].1`."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self._payload: dict[str, Any] = {}
        # As the report has them: its models are made all at once, at the end, which is much cheaper.
        self._mapped: list[dict[str, str]] = []
        self._absent: list[str] = []
        self._odd: list[Pendencia] = list(message.notes)

    def put(self, path: str, value: Any, place: str) -> None:
        """Fill a field."""
        self._set(path, value)
        self._mapped.append({"de": place, "para": path})

    def text(self, path: str, value: Value, component: int = 1) -> bool:
        """Fill a field with a component as it stands; False, and nothing said, when it is empty."""
        found = value.text(component)
        if found:
            self.put(path, found, value.at(component))
        return bool(found)

    def absent(self, path: str) -> None:
        """The message does not say it."""
        self._absent.append(path)

    def odd(self, place: str, code: str, detail: str) -> None:
        """A place that was not understood, or was understood with a reservation. `detail` never holds a value."""
        self._odd.append(Pendencia(onde=place, codigo=code, detalhe=detail))

    def value(self, path: str) -> Any:
        """What fills a field so far; None where nothing does. Not for items of lists."""
        here: Any = self._payload
        for step in path.split("."):
            here = here.get(step) if isinstance(here, dict) else None
        return here

    def has(self, path: str) -> bool:
        return any(entry["para"] == path or entry["para"].startswith(f"{path}.") for entry in self._mapped)

    def unread(self, understood: frozenset[str]) -> None:
        """Report every segment that this reader has no use for, Z segments among them."""
        for name in dict.fromkeys(segment.name for segment in self.message.segments):
            if name in understood:
                continue
            code, why = (
                ("segmento_z", "segmento local") if name[0] == "Z" else ("segmento_nao_usado", "sem campo nosso")
            )
            self.odd(name, code, f"{why}: guardado com a mensagem, não mapeado")

    def result(self) -> Mapped:
        report = Mapeamento.model_validate(
            {
                "origem": f"hl7-v2 {self.message.kind.replace('^', '_')}",
                "mapeados": self._mapped,
                "ausentes": self._absent,
                "nao_compreendidos": self._pending(),
            }
        )
        return Mapped(report, self._payload, message_key(self.message), self.message.content_hash)

    def _pending(self) -> list[Pendencia]:
        beyond = len(self._odd) - _MOST_PENDING
        if beyond <= 0:
            return self._odd
        detail = f"mais {beyond} lugares não compreendidos, além dos listados"
        return [*self._odd[:_MOST_PENDING], Pendencia(onde="MSH", codigo="relatorio_truncado", detalhe=detail)]

    def _set(self, path: str, value: Any) -> None:
        steps = path.split(".")
        last = steps[-1]
        here: Any = self._payload
        for step, after in pairwise(steps):
            here = _child(here, step, [] if after.isdigit() else {})
        if isinstance(here, list):
            here.append(value)
        else:
            here[last] = value


def _child(here: Any, step: str, empty: Any) -> Any:
    if isinstance(here, dict):
        return here.setdefault(step, empty)
    if int(step) == len(here):
        here.append(empty)
    return here[int(step)]
