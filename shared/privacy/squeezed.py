"""The letters and digits of a text without what stands between them: `5 2 9-9` is found as `5299`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, pairwise

from shared.privacy.folding import Folded, Word

_WIDEST_GAP = 4  # characters between two letters that may still belong to one value


class Squeezed:
    """Made of a folded text. Most texts hold nothing that is looked for: what only a hit needs is made by the first."""

    def __init__(self, folded: Folded) -> None:
        self._folded = folded
        self._text = "".join(folded.word_texts)

    def find(self, form: str, *, whole_words: bool) -> Iterator[tuple[int, int]]:
        """Places in the folded text, in order; they may overlap."""
        at = self._text.find(form)
        while at >= 0:
            end = at + len(form)
            edges, breaks = self._edges, self._breaks
            if breaks[end - 1] == breaks[at] and (not whole_words or (at in edges and end in edges)):
                yield self._places[at], self._places[end - 1] + 1
            at = self._text.find(form, at + 1)

    @cached_property
    def _words(self) -> list[Word]:
        return list(self._folded.words())

    @cached_property
    def _places(self) -> list[int]:
        return [place for word in self._words for place in range(word.start, word.end)]

    @cached_property
    def _edges(self) -> set[int]:
        """Where a word begins, which is where the one before it ends."""
        return {0, *accumulate(word.end - word.start for word in self._words)}

    @cached_property
    def _breaks(self) -> list[int]:
        """For each letter, how many gaps too wide to belong to one value stand before it."""
        wide = (int(after - before > _WIDEST_GAP + 1) for before, after in pairwise(self._places))
        return [0, *accumulate(wide)]
