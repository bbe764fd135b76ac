"""A place in a text that identifies somebody, what kind of value stands there, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    """`value` is the same for every spelling of one value."""

    start: int
    end: int
    kind: Kind
    value: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order and apart from each other: those that overlap become one, named after the longest."""
    disjoint: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        last = disjoint[-1] if disjoint else None
        if last is None or span.start >= last.end:
            disjoint.append(span)
        elif span.end > last.end:
            longer = last if last.end - last.start >= span.end - span.start else span
            disjoint[-1] = replace(longer, start=last.start, end=span.end, value=f"{last.value}+{span.value}")
    return disjoint
