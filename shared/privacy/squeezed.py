"""The letters and digits of a text without what stands between them: `5 2 9-9` is found as `5299`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, pairwise

from shared.privacy.folding import Folded

_WIDEST_GAP = 8  # characters between two letters that may still belong to one value
_DIGITS = str.maketrans("oilsb", "01158")  # what people and scanners write for digits


class Squeezed:
    """Made of a folded text. Most texts hold nothing that is looked for: what only a hit needs is made by the first."""

    def __init__(self, folded: Folded) -> None:
        self._folded = folded
        self._text = "".join(folded.word_texts)

    def find(self, form: str, *, whole_words: bool) -> Iterator[tuple[int, int]]:
        """Places in the folded text, in order; they may overlap. A whole number may have more zeros in front."""
        text = self._numbers if form.isdigit() and not whole_words else self._text
        at = text.find(form)
        while at >= 0:
            start, end = at, at + len(form)
            edges, breaks = self._edges, self._breaks
            if not whole_words or end in edges:  # first: zeros are walked back over once for a word, not for a letter
                start = self._begin_of_number(at) if whole_words and form.isdigit() else at
                if breaks[end - 1] == breaks[start] and (not whole_words or start in edges):
                    yield self._places[start], self._places[end - 1] + 1
            at = text.find(form, at + 1)

    def _begin_of_number(self, at: int) -> int:
        while at not in self._edges and self._text[at - 1] == "0":
            at -= 1
        return at

    @cached_property
    def _numbers(self) -> str:
        return self._text.translate(_DIGITS)

    @cached_property
    def _places(self) -> list[int]:
        return [place for word in self._folded.words for place in range(word.start, word.end)]

    @cached_property
    def _edges(self) -> set[int]:
        """Where a word begins, which is where the one before it ends."""
        return {0, *accumulate(word.end - word.start for word in self._folded.words)}

    @cached_property
    def _breaks(self) -> list[int]:
        """For each letter, how many gaps too wide to belong to one value stand before it."""
        wide = (int(after - before > _WIDEST_GAP + 1) for before, after in pairwise(self._places))
        return [0, *accumulate(wide)]
