"""Who JSON names, by the names of its fields: NDJSON of any sender, one object, a list of them, FHIR resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.conversations.people.columns import Holds, holds
from shared.conversations.people.resources import people_in_resource
from shared.conversations.people.unsearchable import Unsearchable
from shared.conversations.people.values import known_values, like_a_name
from shared.errors import UnusableDocument
from shared.fhir.document import read_json


def people_in_objects(text: str) -> Iterator[str]:
    """Raises Unsearchable for what is no JSON, names a field twice, or has no field whose name is known."""
    for document in _documents(text):
        if isinstance(document.get("resourceType"), str):
            yield from people_in_resource(document)
            continue
        if not any(holds(name) is not Holds.UNKNOWN for name in _names(document)):
            raise Unsearchable
        yield from _people(document, Holds.UNKNOWN)


def people_in_fhir(text: str) -> Iterator[str]:
    """Raises Unsearchable for what is no JSON object, or names a property twice."""
    yield from people_in_resource(_object(text))


def _documents(text: str) -> list[dict[str, Any]]:
    """Of one object, of a list, or of one on each line."""
    if text.lstrip().startswith("["):
        return [_object(f'{{"": {text}}}')]
    try:
        return [_object(text)]
    except Unsearchable:
        # Only line feeds end a line: str.splitlines would also cut at U+2028, which JSON allows inside a string.
        return [_object(line) for line in text.split("\n") if line.strip()]


def _object(text: str) -> dict[str, Any]:
    try:
        return read_json(text.encode())
    except UnusableDocument:
        raise Unsearchable from None


def _names(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield name
            yield from _names(value)
    elif isinstance(data, list):
        for item in data:
            yield from _names(item)


def _people(data: Any, inside: Holds) -> Iterator[str]:
    """Below a field that names somebody everything does, but for what is known to be something else."""
    if isinstance(data, dict):
        if isinstance(data.get("resourceType"), str):
            yield from people_in_resource(data)
            return
        for name, value in data.items():
            own = holds(name)
            if own is Holds.UNKNOWN:
                own = Holds.PERSON if inside is Holds.PERSON else Holds.UNKNOWN
                if like_a_name(name):
                    yield name
            yield from _people(value, own)
    elif isinstance(data, list):
        for item in data:
            yield from _people(item, inside)
    elif isinstance(data, str):
        if inside is Holds.PERSON or (inside is Holds.UNKNOWN and like_a_name(data)):
            yield from known_values(data)
    elif inside is Holds.PERSON and data is not None and not isinstance(data, bool):
        yield from known_values(str(data))
