"""Names as linkage sees them: folded, by sound, and how alike two are. Pure and deterministic.

Only ever used to ask a person, never to join two people without one.
"""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

SAME_FIRST_NAME = 0.75  # ◇ Jaro-Winkler below which two first names count as different people
_LETTERS = re.compile(r"[^A-Z ]+")
# Sounds that Brazilian registrars write in several ways, longest first.
_SOUNDS = (
    (re.compile("PH"), "F"),
    (re.compile("TH"), "T"),
    (re.compile("SCH|CH|SH|X"), "S"),
    (re.compile("Y"), "I"),
    (re.compile("W"), "V"),
    (re.compile("LH"), "L"),
    (re.compile("NH"), "N"),
    (re.compile("QU|C(?=[AOURLT])|Q|K|C$"), "K"),
    (re.compile("C|Z|SS"), "S"),
    (re.compile("G(?=[EI])"), "J"),
    (re.compile("M(?=$|[^AEIOU])"), "N"),
    (re.compile("L(?=$|[^AEIOU])"), "U"),
    (re.compile("H"), ""),
)
_REPEATED = re.compile(r"(.)\1+")
_VOWELS_INSIDE = re.compile("(?<!^)[AEIOU]")
_REMEMBERED = 65_536  # words; more than the names of a country's people
_PARTICLES = {"DE", "DA", "DO", "DAS", "DOS", "E", "DI", "DU"}
_NO_SURNAME = _PARTICLES | {"FILHO", "FILHA", "NETO", "NETA", "JUNIOR", "JR", "SOBRINHO", "SOBRINHA"}


def folded(name: str) -> str:
    """Upper case, without accents, digits or punctuation, single spaces."""
    if not name.isascii():
        name = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(_LETTERS.sub(" ", name.upper()).split())


def sound(word: str) -> str:
    """A word by its sound: Souza and Sousa, Luiz and Luis, Walter and Valter are one each; "" without letters."""
    word = folded(word).replace(" ", "")
    for pattern, letter in _SOUNDS:
        word = pattern.sub(letter, word)
    word = _REPEATED.sub(r"\1", word)
    return _VOWELS_INSIDE.sub("", word)


class Sounds:
    """The sounds of names. Words recur, so those heard are remembered, as long as this object and up to a limit."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._surnames: dict[str, str] = {}

    def surname(self, name: str) -> str:
        """The sound of the last word that is neither a particle nor a generation (Filho, Neto); "" without one."""
        for word in reversed(name.split()):
            found = self._surnames.get(word)
            if found is None:
                found = "" if folded(word) in _NO_SURNAME else sound(word)
                _remember(self._surnames, word, found)
            if found:
                return found
        return ""

    def mother(self, name: str) -> str:
        """First and last word, by sound; "" without one."""
        last = self.surname(name)
        if not last:
            return ""
        word = name.split(maxsplit=1)[0]
        first = self._words.get(word)
        if first is None:
            first = sound(word)
            _remember(self._words, word, first)
        return f"{first} {last}"


def _remember(known: dict[str, str], word: str, heard: str) -> None:
    if len(known) < _REMEMBERED:
        known[word] = heard


def likeness(one: str, other: str) -> int:
    """0 to 100: how alike two names are, whatever the order and number of their words."""
    return round(fuzz.token_sort_ratio(folded(one), folded(other)))


def same_first_name(one: str, other: str) -> bool:
    """False when the first names are those of two people, as with twins on one document."""
    first, second = folded(one).split(), folded(other).split()
    if not first or not second:
        return True
    return bool(JaroWinkler.similarity(first[0], second[0]) >= SAME_FIRST_NAME)
