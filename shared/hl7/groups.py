"""The order groups of a message: each OBR (or ORC) with what follows it, and whether an order stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.hl7.message import Message, Segment

_OPENS = "ORC"
_HEART = "OBR"
# Tables HL70119 and HL70038 ✔ (v2.5.1): cancelled, discontinued, completed, replaced, in error.
_WITHDRAWN = {1: {"CA", "CR", "DC", "DR", "OC", "OD"}, 5: {"CA", "CM", "DC", "ER", "RP"}}


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """One order or report: its ORC, its OBR, and the segments behind them."""

    segments: list[Segment] = field(default_factory=list)

    def segment(self, name: str) -> Segment:
        """The first of that name, or an empty one."""
        return next((found for found in self.segments if found.name == name), Segment(name, name, ()))

    def all(self, name: str) -> list[Segment]:
        return [found for found in self.segments if found.name == name]

    @property
    def order(self) -> Segment:
        return self.segment(_HEART)

    @property
    def observations(self) -> list[Segment]:
        """OBX of the report itself, without those that describe its specimen or patient."""
        return self.all("OBX")


def order_groups(message: Message) -> list[OrderGroup]:
    """A group begins at each ORC, or at each OBR that no ORC has announced; what stands before the first is in none."""
    groups: list[OrderGroup] = []
    for segment in message.segments:
        begins = segment.name == _OPENS or (
            segment.name == _HEART and (not groups or any(found.name == _HEART for found in groups[-1].segments))
        )
        if begins:
            groups.append(OrderGroup())
        if groups:
            groups[-1].segments.append(segment)
    return [group for group in groups if group.all(_HEART)]


def withdrawal(control: Segment) -> str | None:
    """Where an ORC says that its order does not stand; None where it stands."""
    said = (field for field, codes in _WITHDRAWN.items() if control.text(field).upper() in codes)
    return next((control.at(field) for field in said), None)
