"""Finds what is known to identify somebody, however it is spelled.

Searched for: every word of a name, alone or with its neighbours; a whole value, its words stuck together or drawn
apart; a number in any punctuation; a date in its usual notations. Not searched for alone: words of one or two letters,
numbers of fewer than five digits, and surnames that are everyday words, unless a title stands before them. One pass
over the text for each form of each value, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate, combinations, pairwise

from shared.clinical.identifiers import cnpj_number, cns_number, cpf_number
from shared.privacy.birth_dates import date_of, notations
from shared.privacy.folding import Folded, Word, fold, readings
from shared.privacy.spans import Kind, Span

# Brazilian surnames and parts of addresses that are also words of clinical texts.
ORDINARY_WORDS = frozenset(
    "das dos del dias alta branco rosa leite campos barriga sangue rua avenida travessa alameda praca rodovia estrada "
    "bairro centro casa apto apartamento bloco quadra lote numero andar sala fundos sao santa hospital clinica".split()
)
_CONNECTIVES = frozenset("da de di do du e das dos del la van von".split())
_TITLES = frozenset("sr sra dr dra dona seu srta senhor senhora paciente enfermeiro enfermeira doutor doutora".split())
_SHORTEST_NAME = 3
_SHORTEST_CODE = 5
_SHORTEST_NUMBER = 7
_SHORTEST_STUCK = 8  # letters that are looked for inside longer words
_SHORTEST_APART = 5  # letters that are looked for with gaps between them
_WIDEST_GAP = 4
_MOST_WORDS = 12  # of one value, whose neighbours are also looked for stuck together
_JOINED = re.compile(r"\s{1,40}|[-'\u2019_,/.]\s{0,2}")
_NUMBERS = ((Kind.CPF, cpf_number), (Kind.CNS, cns_number), (Kind.CNPJ, cnpj_number))


def kind_of(value: str) -> Kind:
    """What a known value is, judged by its form."""
    for kind, number in _NUMBERS:
        try:
            number(value)
        except ValueError:
            continue
        return kind
    if date_of(value):
        return Kind.BIRTH
    if "@" in value:
        return Kind.EMAIL
    digits = sum(letter.isdigit() for letter in value)
    if not digits:
        return Kind.PERSON
    if not any(letter.isalpha() for letter in value):
        return Kind.PHONE if 10 <= digits <= 13 else Kind.CODE
    return Kind.ADDRESS if len(value.split()) > 2 else Kind.CODE


class KnownValues:
    """The values of one call, ready to be looked for. Immutable; may be shared by threads."""

    def __init__(self, values: Iterable[str], ordinary: frozenset[str] = frozenset()) -> None:
        """`ordinary`: further words that alone say nothing about anybody."""
        self._ordinary = ORDINARY_WORDS | ordinary
        self._kinds = {value: kind_of(value) for value in sorted(values)}
        self._owners: dict[str, frozenset[str]] = {}
        self._stuck: dict[str, frozenset[str]] = {}  # squeezed form → the values it is of
        self._dates: list[tuple[str, re.Pattern[str]]] = []
        for value, kind in self._kinds.items():
            self._prepare(value, kind)
        self._apart = {word for word in self._owners if len(word) >= _SHORTEST_APART and self._telling(word)}

    def find(self, text: str) -> list[Span]:
        """Every place, in no order; they may overlap."""
        return [span for folded in readings(text) for span in self._find(folded)] if self._kinds else []

    def _prepare(self, value: str, kind: Kind) -> None:
        words = [word.text for word in Folded(fold(value)).words()]
        for word in words:
            self._owners[word] = self._owners.get(word, frozenset()) | {value}
        for form in {*_runs_of(words, kind), *_numbers_of(value, kind)}:
            self._stuck[form] = self._stuck.get(form, frozenset()) | {value}
        if day := date_of(value):
            self._dates.append((value, notations(day)))

    def _find(self, folded: Folded) -> Iterator[Span]:
        words = list(folded.words())
        yield from self._names(folded, words)
        yield from self._squeezed(folded, words)
        for value, pattern in self._dates:
            for found in pattern.finditer(folded.text):
                yield self._span(folded, found.start(), found.end(), frozenset({value}))

    def _span(self, folded: Folded, start: int, end: int, owners: frozenset[str]) -> Span:
        """A surname of two people belongs to neither: it must never come back as the other's full name."""
        first, last = folded.origin(start, end)
        value = min(owners)
        named = value if len(owners) == 1 else folded.text[start:end]
        return Span(first, last, self._kinds[value], named, known=True)

    def _names(self, folded: Folded, words: list[Word]) -> Iterator[Span]:
        """Runs of neighbouring words of one value."""
        begin = 0
        while begin < len(words):
            owners = self._owners.get(words[begin].text, frozenset())
            end = begin + 1
            while owners and end < len(words) and self._continues(folded, words[end - 1], words[end]):
                common = owners & self._owners.get(words[end].text, frozenset())
                if not common:
                    break
                owners, end = common, end + 1
            run = self._trimmed(words[begin:end]) if owners else []
            if run and self._tells(run, words[begin - 1] if begin else None):
                yield self._span(folded, run[0].start, run[-1].end, owners)
            begin = end

    @staticmethod
    def _continues(folded: Folded, before: Word, after: Word) -> bool:
        return bool(_JOINED.fullmatch(folded.text, before.end, after.start))

    @staticmethod
    def _trimmed(run: list[Word]) -> list[Word]:
        telling = [index for index, word in enumerate(run) if word.text not in _CONNECTIVES]
        return run[telling[0] : telling[-1] + 1] if telling else []

    def _tells(self, run: list[Word], before: Word | None) -> bool:
        if any(self._telling(word.text) for word in run):
            return True
        if sum(word.text not in _CONNECTIVES for word in run) > 1:
            return any(word.text.isalpha() for word in run)
        return before is not None and before.text in _TITLES and run[0].text.isalpha()

    def _telling(self, word: str) -> bool:
        if word.isdigit():
            return len(word) >= _SHORTEST_CODE
        return len(word) >= _SHORTEST_NAME and word not in self._ordinary

    def _squeezed(self, folded: Folded, words: list[Word]) -> Iterator[Span]:
        """Values whose letters or digits stand stuck together or apart."""
        text = _Squeezed(words)
        for form, owners in self._stuck.items():
            anywhere = len(form) >= (_SHORTEST_NUMBER if form.isdigit() else _SHORTEST_STUCK)
            for start, end in text.find(form, whole_words=not anywhere):
                yield self._span(folded, start, end, owners)
        for word in self._apart:
            for start, end in text.find(word, whole_words=True):
                yield self._span(folded, start, end, self._owners[word])


class _Squeezed:
    """The letters and digits of a text without what stands between them."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self._text = "".join(word.text for word in words)

    def find(self, form: str, *, whole_words: bool) -> Iterator[tuple[int, int]]:
        """Places in the folded text, in order; they may overlap."""
        at = self._text.find(form)
        while at >= 0:
            end = at + len(form)
            edges, breaks = self._edges, self._breaks
            if breaks[end - 1] == breaks[at] and (not whole_words or (at in edges and end in edges)):
                yield self._places[at], self._places[end - 1] + 1
            at = self._text.find(form, at + 1)

    # Most texts hold nothing that is looked for: the rest is worked out when the first hit asks for it.

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


def _runs_of(words: list[str], kind: Kind) -> Iterator[str]:
    """Neighbouring words of a value, and the first with the last, as they look stuck together."""
    whole = "".join(words)
    if len(words) > 1 and len(whole) >= _SHORTEST_CODE:
        yield whole
    for first, last in combinations(range(min(len(words), _MOST_WORDS) + 1), 2):
        if last - first > 1 and len(run := "".join(words[first:last])) >= _SHORTEST_STUCK:
            yield run
    if kind is Kind.PERSON and len(words) > 2 and len(ends := words[0] + words[-1]) >= _SHORTEST_STUCK:
        yield ends


def _numbers_of(value: str, kind: Kind) -> Iterator[str]:
    """The digits that alone point at the value, without the punctuation between them."""
    if kind in {Kind.BIRTH, Kind.ADDRESS}:
        return
    digits = "".join(letter for letter in fold(value) if letter.isdigit())
    if len(digits) >= _SHORTEST_NUMBER:
        yield digits
    if kind is Kind.PHONE:
        yield from (digits[-length:] for length in (11, 10, 9, 8) if len(digits) > length)
