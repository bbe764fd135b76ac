"""Finds what is known to identify somebody, however it is spelled.

Searched for: every word of a name, alone or with its neighbours; a whole value, its words stuck together or drawn
apart; a number in any punctuation; a date in its usual notations. Not searched for alone: words of one or two letters,
numbers of fewer than five digits, and surnames that are everyday words, unless a title stands before them. One pass
over the text for each form of each value, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from shared.privacy.birth_dates import date_of, notations
from shared.privacy.folding import Folded, Word, words_of
from shared.privacy.spans import Kind, Span
from shared.privacy.squeezed import Squeezed
from shared.privacy.value_kinds import (
    CONNECTIVES,
    ORDINARY_WORDS,
    SHORTEST_APART,
    SHORTEST_CODE,
    SHORTEST_NAME,
    SHORTEST_NUMBER,
    SHORTEST_STUCK,
    TITLES,
    damaged_words,
    kind_of,
    numbers_of,
    runs_of,
)

_JOINED = re.compile(r"\s{0,40}|[-'\u2019_,/.]\s{0,2}")


class KnownValues:
    """The values of one call, ready to be looked for. Immutable; may be shared by threads."""

    def __init__(self, values: Iterable[str], ordinary: frozenset[str] = frozenset()) -> None:
        """`ordinary`: further words that alone say nothing about anybody."""
        self._ordinary = ORDINARY_WORDS | ordinary
        self._kinds = {value: kind_of(value) for value in sorted(values)}
        self._owners: dict[str, frozenset[str]] = {}  # a word → the values it is of
        self._stuck: dict[str, frozenset[str]] = {}  # a squeezed form → the values it is of
        self._dates: list[tuple[str, date, re.Pattern[str]]] = []
        for value in self._kinds:
            self._prepare(value)
        # Without one of these no run of words tells anything.
        self._signals = {
            word for word in self._owners if not word.isdigit() and word not in CONNECTIVES or self._telling(word)
        }
        self._apart = [word for word in self._owners if len(word) >= SHORTEST_APART and self._telling(word)]

    def find(self, folded: Folded) -> Iterator[Span]:
        """Every place, in no order; they may overlap."""
        return self._find(folded) if self._kinds else iter(())

    def _prepare(self, value: str) -> None:
        kind = self._kinds[value]
        words = words_of(value)
        for word in {*words, *(word.lstrip("0") for word in words if word.isdigit())} - {""}:
            self._owners[word] = self._owners.get(word, frozenset()) | {value}
        for form in {*runs_of(words, kind), *numbers_of(value, kind), *damaged_words(value)}:
            self._stuck[form] = self._stuck.get(form, frozenset()) | {value}
        if day := date_of(value):
            self._dates.append((value, day, notations(day)))

    def _find(self, folded: Folded) -> Iterator[Span]:
        if not self._signals.isdisjoint(folded.word_texts):
            yield from self._names(folded, folded.words)
        yield from self._squeezed(folded)
        for value, day, pattern in self._dates:
            if f"{day.year % 100:02}" in folded.text:  # every notation has it, most texts have not
                for found in pattern.finditer(folded.text):
                    yield self._span(folded, found.start(), found.end(), frozenset({value}))

    def _span(self, folded: Folded, start: int, end: int, owners: frozenset[str]) -> Span:
        """A surname of two people belongs to neither: it must never come back as the other's full name.

        What a name shares with an address or an e-mail is the person's.
        """
        first, last = folded.origin(start, end)
        people = frozenset(value for value in owners if self._kinds[value] is Kind.PERSON)
        owner, *others = sorted(people or owners)
        return Span(first, last, self._kinds[owner], folded.text[start:end] if others else owner, known=True)

    def _names(self, folded: Folded, words: list[Word]) -> Iterator[Span]:
        """Runs of neighbouring words of one value."""
        begin = 0
        while begin < len(words):
            owners = self._owners.get(words[begin].text, frozenset())
            end = begin + 1
            while owners and end < len(words) and _joined(folded, words[end - 1], words[end]):
                common = owners & self._owners.get(words[end].text, frozenset())
                if not common:
                    break
                owners, end = common, end + 1
            run = _trimmed(words[begin:end]) if owners else []
            if run and self._tells(run, owners, words[begin - 1] if begin else None):
                yield self._span(folded, run[0].start, run[-1].end, owners)
            begin = end

    def _tells(self, run: list[Word], owners: frozenset[str], before: Word | None) -> bool:
        if any(self._telling(word.text) for word in run):
            return True
        if sum(word.text not in CONNECTIVES for word in run) > 1:
            return any(word.text.isalpha() for word in run)
        titled = before is not None and before.text in TITLES
        return titled and run[0].text.isalpha() and any(self._kinds[owner] is Kind.PERSON for owner in owners)

    def _telling(self, word: str) -> bool:
        if word.isdigit():
            return len(word) >= SHORTEST_CODE
        return len(word) >= SHORTEST_NAME and word not in self._ordinary

    def _squeezed(self, folded: Folded) -> Iterator[Span]:
        """Values whose letters or digits stand stuck together or apart."""
        text = Squeezed(folded)
        for form, owners in self._stuck.items():
            anywhere = len(form) >= (SHORTEST_NUMBER if form.isdigit() else SHORTEST_STUCK)
            for start, end in text.find(form, whole_words=not anywhere):
                yield self._span(folded, start, end, owners)
        for word in self._apart:
            for start, end in text.find(word, whole_words=True):
                yield self._span(folded, start, end, self._owners[word])


def _joined(folded: Folded, before: Word, after: Word) -> bool:
    return bool(_JOINED.fullmatch(folded.text, before.end, after.start))


def _trimmed(run: list[Word]) -> list[Word]:
    telling = [index for index, word in enumerate(run) if word.text not in CONNECTIVES]
    return run[telling[0] : telling[-1] + 1] if telling else []
