"""From MSH-9 to the event of a domain, as the domains declare it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from shared.domain import Domain, Event
from shared.hl7.header import Header
from shared.hl7.message import Message, parse
from shared.hl7.problems import Fault, unusable
from shared.interop import Reader

Route = str | Callable[[Message], str]
"""An event's name, or what chooses it where one kind of message is several events."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One domain's part in the listener: its routes, and who reads its HL7 v2."""

    domain: Domain
    routes: Mapping[str, Route]
    readers: Mapping[str, Reader]


class Routing:
    """Every `type^trigger` that some domain takes."""

    def __init__(self, destinations: Iterable[Destination]) -> None:
        """Raises ValueError when two domains claim one message, or a route leads to an event that reads no HL7."""
        self._by_kind: dict[str, Destination] = {}
        for destination in destinations:
            for kind, route in destination.routes.items():
                self._add(kind, route, destination)

    def _add(self, kind: str, route: Route, destination: Destination) -> None:
        key = destination.domain.key
        other = self._by_kind.get(kind)
        if other is not None:
            raise ValueError(f"{kind} is routed to {other.domain.key} and to {key}: remove it from one of their ROUTES")
        if isinstance(route, str) and route not in destination.readers:
            raise ValueError(
                f"{kind} is routed to {key}.{route}, which has no reader of HL7 v2: mend ROUTES or READERS"
            )
        self._by_kind[kind] = destination

    @property
    def domains(self) -> list[Domain]:
        return [destination.domain for destination in self._by_kind.values()]

    @property
    def kinds(self) -> list[str]:
        return sorted(self._by_kind)

    def of(self, header: Header, raw: bytes) -> tuple[Domain, Event, Reader]:
        """Where a message goes; it is parsed only where its kind alone does not say.

        Raises UnusableMessage for a kind that no domain takes.
        """
        destination = self._by_kind.get(header.kind)
        if destination is None:
            kind = header.kind.split("^")[0]
            known = any(other.split("^")[0] == kind for other in self._by_kind)
            fault = Fault.EVENTO_NAO_ACEITO if known else Fault.TIPO_NAO_ACEITO
            raise unusable("MSH-9", fault, f"tipo de mensagem não aceito; aceitos: {', '.join(self.kinds)}")
        route = destination.routes[header.kind]
        name = route if isinstance(route, str) else route(parse(raw))
        event = destination.domain.event(name)
        assert event is not None, "the registry checks that every reader belongs to an event"
        return destination.domain, event, destination.readers[name]
