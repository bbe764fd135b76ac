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
    disjoint: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end, not one.known)):
        last = disjoint[-1] if disjoint else None
        if last is None or span.start >= last.end:
            disjoint.append(span)
        else:
            disjoint[-1] = _together(last, span)
    return disjoint


def _together(first: Span, second: Span) -> Span:
    end = max(first.end, second.end)
    if first.kind == second.kind and first.known != second.known:
        known = first if first.known else second
        return replace(known, start=first.start, end=end)
    if second.end <= first.end or first.value == second.value:
        return replace(first, end=end)
    longer = first if first.end - first.start >= second.end - second.start else second
    return replace(longer, start=first.start, end=end, value=f"{first.value}+{second.value}")
