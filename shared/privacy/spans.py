"""A place in a text that identifies somebody, what kind of value stands there, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The word of the token that replaces the value; a model reads it."""

    PERSON = "PESSOA"
    CPF = "CPF"
    CNS = "CNS"
    CNPJ = "CNPJ"
    BIRTH = "NASCIMENTO"
    PHONE = "TELEFONE"
    EMAIL = "EMAIL"
    ADDRESS = "ENDERECO"
    CODE = "CODIGO"  # record, guide, identity document and other numbers of no form of their own
    LITERAL = "TRECHO"  # no identifier: what somebody wrote that looks like one of our tokens


@dataclass(frozen=True, slots=True)
class Span:
    """`value` is the same for every spelling of one value; `known`: somebody listed it."""

    start: int
    end: int
    kind: Kind
    value: str
    known: bool = False


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order and apart from each other: those that overlap become one, named after the longest.

    A telephone with its country's code before it is still the known telephone within.
    """
    disjoint: list[_Overlapping] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end, not one.known)):
        if disjoint and span.start < disjoint[-1].end:
            disjoint[-1].add(span)
        else:
            disjoint.append(_Overlapping(span.start, span.end, span.kind, [span.value], span.known))
    return [Span(one.start, one.end, one.kind, "+".join(one.values), one.known) for one in disjoint]


@dataclass(slots=True)
class _Overlapping:
    """Its values are put together at the end: a chain of thousands would be copied with each link."""

    start: int
    end: int
    kind: Kind
    values: list[str]
    known: bool

    def add(self, span: Span) -> None:
        """One that begins within."""
        if self.kind == span.kind and self.known != span.known:
            if span.known:
                self.values, self.known = [span.value], True
        elif span.end > self.end and self.values != [span.value]:
            if span.end - span.start > self.end - self.start:
                self.kind, self.known = span.kind, span.known
            self.values.append(span.value)
        self.end = max(self.end, span.end)
