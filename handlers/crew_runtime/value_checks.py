"""Does every number of a sentence stand in what it cites: the same value, unit and side of the limit?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.crew_runtime.evidence import Evidence
from handlers.crew_runtime.faults import FaultKind
from handlers.crew_runtime.number_words import relations, spelled
from handlers.crew_runtime.quantities import Language, Quantity, quantities
from handlers.crew_runtime.units import same_unit

_WORDS = re.compile(r"\w+")
# "queda de 1,2" may cite a difference of -1,2.
_FALL = re.compile(r"\b(?:queda|reduc\w+|diminu\w+|caiu|menos|fall|fell|drop\w*|decrease\w*|less|lower)\b")


def value_faults(sentence: str, evidence: Evidence, cited: int, language: Language) -> Iterator[tuple[FaultKind, str]]:
    """`sentence` is folded and without its citations; `cited` is how many it had."""
    fallen = bool(_FALL.search(sentence))
    for quantity in (*quantities(sentence, language), *spelled(sentence, cited)):
        known = evidence.occurrences(quantity) or (evidence.occurrences(_negative(quantity)) if fallen else [])
        if not known and not _literally(quantity, evidence):
            yield FaultKind.NUMBER, quantity.text
        if known and not _unit_kept(quantity, known, evidence):
            yield FaultKind.UNIT, f"{quantity.text} {quantity.unit}"
        if known and not _side_kept(quantity, known):
            yield FaultKind.SIDE, quantity.text
    for words in relations(sentence):
        if words not in evidence.text:
            yield FaultKind.NUMBER, words


def _negative(quantity: Quantity) -> Quantity:
    values = frozenset(-value for value in quantity.values if isinstance(value, Decimal))
    return Quantity("", values, quantity.unit, quantity.side)


def _literally(quantity: Quantity, evidence: Evidence) -> bool:
    """A word or a Roman numeral that the finding itself uses."""
    return quantity.text.isalpha() and quantity.text in _WORDS.findall(evidence.text)


def _unit_kept(quantity: Quantity, known: list[Quantity], evidence: Evidence) -> bool:
    """A value that the findings give without a unit may take one that they use elsewhere."""
    if quantity.unit is None:
        return True
    units = {same.unit for same in known if same.unit}
    if units:
        return any(same_unit(quantity.unit, unit) for unit in units)
    everything = (*evidence.said, *evidence.held)
    return evidence.calculated or any(same_unit(quantity.unit, other.unit) for other in everything if other.unit)


def _side_kept(quantity: Quantity, known: list[Quantity]) -> bool:
    """Only where every mention of the value in the findings' sentences names a side; data names none."""
    sides = {same.side for same in known if same.said}
    return quantity.side == 0 or 0 in sides or not sides or quantity.side in sides
