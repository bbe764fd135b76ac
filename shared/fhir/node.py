"""A place in a document and what stands there, so that every mapped value can name where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Found(NamedTuple):
    """A value and its place (`Bundle.entry[1].resource.birthDate`)."""

    place: str
    value: Any


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON object of a validated resource. Asking for an element marks it as read."""

    place: str
    value: dict[str, Any]
    read: set[str] = field(default_factory=set)

    @property
    def kind(self) -> str:
        """The resource type; empty for a part of a resource."""
        return str(self.value.get("resourceType", ""))

    def leaf(self, *names: str) -> Found | None:
        """The first of the named primitive elements that is present."""
        self.read.update(names)
        return next((Found(self._at(name), self.value[name]) for name in names if _is_leaf(self.value.get(name))), None)

    def text(self, name: str) -> str:
        """A primitive as text; empty when absent."""
        found = self.leaf(name)
        return "" if found is None else str(found.value).strip()

    def child(self, *names: str) -> Node | None:
        """The first of the named complex elements that is present."""
        self.read.update(names)
        return next(
            (Node(self._at(name), self.value[name]) for name in names if isinstance(self.value.get(name), dict)), None
        )

    def children(self, name: str) -> list[Node]:
        """The items of a repeating complex element, in order."""
        self.read.add(name)
        items = self.value.get(name)
        if not isinstance(items, list):
            return []
        return [Node(f"{self._at(name)}[{i}]", item) for i, item in enumerate(items) if isinstance(item, dict)]

    def leaves(self, name: str) -> list[Found]:
        """The items of a repeating primitive element."""
        self.read.add(name)
        items = self.value.get(name)
        if not isinstance(items, list):
            return []
        return [Found(f"{self._at(name)}[{i}]", item) for i, item in enumerate(items) if _is_leaf(item)]

    def concepts(self, name: str) -> list[Node]:
        """CodeableConcepts, whether the element repeats or not."""
        one = self.child(name)
        return self.children(name) if one is None else [one]

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}"


def _is_leaf(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)
