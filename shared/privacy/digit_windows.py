"""Which runs of neighbouring digits of a text may end in right check digits: asked of all of them at once.

Every digit may begin a number, and a hostile text is nothing but digits. The weighted sum of a window follows from
sums that are made once for the whole text, so that only the few windows that agree are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, count
from operator import mul

_DIGIT = re.compile("[0-9]")
_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
CPF = 11
CNS = 15


class DigitWindows:
    """Made of a folded text. `places`: where its digits stand, whatever is between them."""

    def __init__(self, text: str) -> None:
        self.places = [found.start() for found in _DIGIT.finditer(text)]
        self._text = text

    def of_cpf(self) -> Iterator[int]:
        """Of each window whose two check digits agree, the index of its first digit."""
        return (first for first in self._agreeing(CPF, zero=True) if self._agrees(first, CPF - 1, zero=True))

    def of_cns(self) -> Iterator[int]:
        """As `of_cpf`, of the one of a CNS."""
        return self._agreeing(CNS, zero=False)

    def _agreeing(self, length: int, *, zero: bool) -> Iterator[int]:
        if len(self.places) < length:
            return iter(())
        self._sum_up()
        return (first for first in range(len(self.places) - length + 1) if self._agrees(first, length, zero=zero))

    def _sum_up(self) -> None:
        if not hasattr(self, "_values"):
            self._values = "".join(self._text[place] for place in self.places).encode().translate(_VALUES)
            self._sums = [0, *accumulate(self._values)]
            self._weighted = [0, *accumulate(map(mul, count(), self._values))]

    def _agrees(self, first: int, length: int, *, zero: bool) -> bool:
        """Whether the digits, weighted from `length` down to 1, sum up to a multiple of 11. `zero`: a last digit that
        would be 10 is written 0.
        """
        end = first + length
        if zero and self._values[end - 1] == 0:
            return True
        sums, weighted = self._sums, self._weighted
        return (end * (sums[end] - sums[first]) - weighted[end] + weighted[first]) % 11 == 0
