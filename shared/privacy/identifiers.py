"""What one request is known to say about people, in clear, for as long as the request is in memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identifiers:
    """`names`: every value that names somebody, in the widest sense (names, numbers, addresses, record numbers).

    `quotes`: free texts, of which no run of words may leave.
    """

    names: frozenset[str] = frozenset()
    quotes: frozenset[str] = frozenset()

    def __or__(self, other: Identifiers) -> Identifiers:
        return Identifiers(self.names | other.names, self.quotes | other.quotes)
