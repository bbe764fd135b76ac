"""Who a file names, whatever kind of file it is, in no more values than a call can be searched for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shared.conversations.people.messages import people_in_messages
from shared.conversations.people.objects import people_in_fhir, people_in_objects
from shared.conversations.people.tables import people_in_table
from shared.conversations.people.unsearchable import Unsearchable, refuse_packed
from shared.files import content
from shared.interop import FHIR_JSON, HL7_V2
from shared.privacy.identifiers import Identifiers

MOST_VALUES = 200
"""Of one call. Hiding takes time for each value and each place where it stands: 120 of them that stand 10,500 times in
300,000 characters took 5 seconds of a core."""

UNREADABLE = "um anexo não deixa ver quem ele nomeia: esta conversa só vai a modelos da instituição"
TOO_MANY = (
    f"os anexos nomeiam pessoas demais (mais de {MOST_VALUES} dados): esta conversa só vai a modelos da instituição"
)
_SEARCHES: dict[str, Callable[[str], Iterator[str]]] = {
    content.CSV: people_in_table,
    content.NDJSON: people_in_objects,
    content.JSON: people_in_objects,
    FHIR_JSON: people_in_fhir,
    HL7_V2: people_in_messages,
}


@dataclass(frozen=True, slots=True)
class People:
    """Whom files name. `confined` says why no model outside the house may see them; empty: nothing forbids it."""

    identifiers: Identifiers = Identifiers()
    confined: str = ""

    def __bool__(self) -> bool:
        return bool(self.identifiers.names or self.confined)


def people_in(text: str, media_type: str) -> People:
    """By what the file was recognised as. Never raises: who cannot be found is hidden by keeping the file inside."""
    search = _SEARCHES.get(media_type)
    if search is None:
        return People(confined=UNREADABLE)
    names: set[str] = set()
    try:
        refuse_packed(text)
        for value in search(text):
            names.add(value)
            if len(names) > MOST_VALUES:
                return People(confined=TOO_MANY)
    except Unsearchable:
        return People(confined=UNREADABLE)
    return People(Identifiers(frozenset(names)))


def together(people: Iterable[People]) -> People:
    """Those of several files."""
    names: frozenset[str] = frozenset()
    for one in people:
        if one.confined:
            return one
        names |= one.identifiers.names
    return People(Identifiers(names)) if len(names) <= MOST_VALUES else People(confined=TOO_MANY)
