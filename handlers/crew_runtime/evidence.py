"""What one finding or calculation holds, read once, so that sentences citing it can be compared with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from handlers.crew_runtime.case import calculations_view, finding_view
from handlers.crew_runtime.folding import folded
from handlers.crew_runtime.quantities import Quantity, Value, plain, quantities
from handlers.crew_runtime.units import unit_in_name
from shared.findings import Achado, Avaliacao, Gravidade

_IN_BRACKETS = re.compile(r"\[(\w+)\]")
_WORD = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True)
class Evidence:
    """`said` are the quantities of its sentences, `held` those of its data; `claims` is what it asserts, in words."""

    text: str
    claims: str
    said: tuple[Quantity, ...]
    held: tuple[Quantity, ...]
    code_words: frozenset[str]
    calculated: bool

    def occurrences(self, quantity: Quantity) -> list[Quantity]:
        return [known for known in (*self.said, *self.held) if matches(quantity, known)]


def matches(quantity: Quantity, known: Quantity) -> bool:
    """The same value in any reading, or literally the same text."""
    if quantity.values & known.values or quantity.text == known.text:
        return True
    days = (value for value in quantity.values if isinstance(value, str) and value.startswith("--"))
    return any(str(value).endswith(day[1:]) for day in days for value in known.values)


class EvidenceBook:
    """Evidence by what a sentence cites (`A1`, `C:name`), read when it is first cited."""

    def __init__(self, evaluation: Avaliacao) -> None:
        self._findings = {finding.id: finding for finding in evaluation.achados}
        self._calculations = calculations_view(evaluation)["calculos"]
        self._read: dict[str, Evidence] = {}

    def get(self, name: str) -> Evidence | None:
        """None for what does not exist."""
        if name not in self._read:
            if name in self._findings:
                self._read[name] = _of_finding(self._findings[name])
            elif name.startswith("C:") and name[2:] in self._calculations:
                self._read[name] = _of_calculation(name[2:], self._calculations[name[2:]])
        return self._read.get(name)


def together(sources: Iterable[Evidence]) -> Evidence:
    """What all that a sentence cites hold between them."""
    parts = list(sources)
    if len(parts) == 1:
        return parts[0]
    return Evidence(
        text=" ".join(part.text for part in parts),
        claims=" ".join(part.claims for part in parts),
        said=tuple(quantity for part in parts for quantity in part.said),
        held=tuple(quantity for part in parts for quantity in part.held),
        code_words=frozenset(word for part in parts for word in part.code_words),
        calculated=any(part.calculated for part in parts),
    )


def _of_finding(finding: Achado) -> Evidence:
    data = finding_view(finding)["evidencia"]
    code = folded(finding.codigo).replace("_", " ")
    description, source = folded(finding.descricao), folded(finding.fonte)
    grave = finding.gravidade is not Gravidade.INFO
    return Evidence(
        text=f"{code} {finding.codigo} {description} {_words_of(data)} {source}",
        claims=f"{code} {description}",
        said=(*quantities(description, "pt"), *quantities(source, "pt")),
        held=tuple(_quantities_of(data, "")),
        code_words=frozenset(_WORD.findall(code)) if grave else frozenset(),
        calculated=False,
    )


def _of_calculation(name: str, value: Any) -> Evidence:
    text = f"{folded(name)} {folded(str(value))}"
    in_name = [Quantity(digits, frozenset(_number(digits)), None) for digits in _IN_BRACKETS.findall(name)]
    return Evidence(text, text, (), (*_quantities_of(value, name), *in_name), frozenset(), calculated=True)


def _words_of(data: Any) -> str:
    if isinstance(data, dict):
        return " ".join(f"{folded(str(key))} {_words_of(value)}" for key, value in data.items())
    if isinstance(data, list):
        return " ".join(_words_of(item) for item in data)
    return folded(str(data))


def _quantities_of(data: Any, path: str) -> Iterator[Quantity]:
    """Numbers of JSON-ready data. Decimals arrive as text with a dot; any other text is read as Portuguese."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _quantities_of(value, f"{path}.{key}")
    elif isinstance(data, list):
        for item in data:
            yield from _quantities_of(item, path)
    elif isinstance(data, str | int | float) and not isinstance(data, bool):
        values = frozenset(_number(data))
        if values:
            yield Quantity(str(data), values, unit_in_name(folded(path)))
        elif isinstance(data, str):
            yield from quantities(folded(data), "pt")


def _number(data: Decimal | int | float | str) -> Iterator[Value]:
    try:
        yield plain(str(data))
    except InvalidOperation:
        return
