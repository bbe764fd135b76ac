"""Who a FHIR document names: everything of a Patient and of those around, and of others what points at them.

Wider than the readers of events (`shared.fhir.people`), which take what a field of ours needs: here a second
identifier, a telephone or a contact counts as much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shared.conversations.people.values import known_values

_PERSONS = frozenset({"Patient", "Person", "RelatedPerson", "Practitioner", "PractitionerRole"})
# Elements of a person that say what a value is, not whose: looking for them would stop every text.
_CODES = frozenset({
    "resourceType", "meta", "use", "system", "type", "code", "coding", "status", "gender", "unit", "url",
    "language", "country", "state", "relationship", "maritalStatus", "communication", "active", "versionId",
    "contentType", "rank", "assigner", "role", "specialty", "reference", "div", "implicitRules",
})  # fmt: skip
_HUMAN = frozenset({"family", "given"})
_OF_ANYBODY = frozenset({"birthDate", "telecom", "authorString"})
_POINTS_AT = re.compile(r"(?:\A|/)(?:Patient|Person|RelatedPerson|Practitioner|PractitionerRole)/([A-Za-z0-9.-]{1,64})")
_GENERATED = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def people_in_resource(resource: dict[str, Any]) -> Iterator[str]:
    """Every value of a resource, its entries and what it contains, that names a person."""
    for text in _people(resource):
        if not _GENERATED.fullmatch(text.lower()):
            yield from known_values(text)


def _people(data: Any) -> Iterator[str]:
    if isinstance(data, list):
        for item in data:
            yield from _people(item)
    elif isinstance(data, dict):
        yield from _of_object(data)


def _of_object(data: dict[str, Any]) -> Iterator[str]:
    if data.get("resourceType") in _PERSONS:
        yield from _everything(data)
        return
    if not _HUMAN.isdisjoint(data):
        yield from _everything(data)
    if "display" in data and ("reference" in data or "identifier" in data or "type" in data):
        yield from _everything(data["display"])
    reference = data.get("reference")
    if isinstance(reference, str) and (found := _POINTS_AT.search(reference)):
        yield found[1]
    for name, value in data.items():
        if name in _OF_ANYBODY or (name == "name" and not isinstance(value, str)):
            yield from _everything(value)
        elif name == "identifier":
            yield from _values(value)
        yield from _people(value)


def _values(data: Any) -> Iterator[str]:
    """The numbers of identifiers."""
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            yield from _everything(item.get("value"))


def _everything(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            if name.lstrip("_") in _CODES or name.startswith(("valueCod", "valueUri", "valueUrl")):
                continue
            yield from _everything(value)
        reference = data.get("reference")
        if isinstance(reference, str) and (found := _POINTS_AT.search(reference)):
            yield found[1]
    elif isinstance(data, list):
        if data and all(isinstance(item, str) for item in data):
            yield " ".join(data)  # given names are one name
        for item in data:
            yield from _everything(item)
    elif isinstance(data, str):
        yield data
