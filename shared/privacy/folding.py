"""A text as it is searched for identifiers: lower case, no accents, no invisible characters, and the way back.

Compatible characters (full-width, mathematical, circled), decimal digits of other scripts, and the Cyrillic and Greek
letters that look like ours count as ours. So that a text inside JSON or a web page is searched too, `\\u00f4`, `\\n`,
`&ocirc;` and `%C3%B4` are read as what they stand for.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

# Letters that no decomposition turns into the Latin letter that the eye reads.
_LOOK_ALIKE = str.maketrans("аеорсхуікмнтвѕјαονρτικøłđıß", "aeopcxyikmhtbsjaovptikoldis")
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
_ESCAPED = re.compile(r"\\+u[0-9a-fA-F]{4}|\\+[nrtbf/\"]|&#?\w{1,10};|(?:%[0-9a-fA-F]{2}){1,4}")
_MAY_BE_ESCAPED = re.compile(r"[\\&%]")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters and digits; `start` and `end` count characters of the folded text."""

    text: str
    start: int
    end: int


class Folded:
    """`text` is the folded text; `origin` gives the places of its characters in the text it was made of."""

    __slots__ = ("_ends", "_starts", "text")

    def __init__(self, text: str, starts: list[int] | None = None, ends: list[int] | None = None) -> None:
        self.text = text
        self._starts = starts
        self._ends = ends

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where characters `start` to `end` (never none) stood, with what is invisible between and after them."""
        if self._starts is None or self._ends is None:
            return start, end
        return self._starts[start], self._ends[end - 1]

    def words(self) -> Iterator[Word]:
        """In order."""
        return (Word(found[0], found.start(), found.end()) for found in _WORD.finditer(self.text))


def readings(text: str) -> list[Folded]:
    """The text as it stands and, where it may hold any, with its escapes read."""
    plain = _by_letters(text)
    if not _MAY_BE_ESCAPED.search(text) or not _ESCAPED.search(text):
        return [plain]
    return [plain, _assembled(_units(text))]


def fold(text: str) -> str:
    """The folded text alone, escapes not read."""
    return _by_letters(text).text


def _by_letters(text: str) -> Folded:
    if text.isascii():
        return Folded(text.lower())
    table = {ord(letter): _folded(letter) for letter in set(text)}
    if all(len(folded) == 1 for folded in table.values()):
        return Folded(text.translate(table))
    return _assembled((letter, index, index + 1) for index, letter in enumerate(text))


def _units(text: str) -> Iterator[tuple[str, int, int]]:
    """What each piece of the text stands for, with where it begins and ends."""
    position = 0
    for escape in _ESCAPED.finditer(text):
        for index in range(position, escape.start()):
            yield text[index], index, index + 1
        yield _unescaped(escape[0]), escape.start(), escape.end()
        position = escape.end()
    for index in range(position, len(text)):
        yield text[index], index, index + 1


def _unescaped(escape: str) -> str:
    if escape.startswith("%"):
        return unquote(escape, errors="replace")
    if escape.startswith("&"):
        return html.unescape(escape)
    bare = escape.lstrip("\\")
    return chr(int(bare[1:], 16)) if bare[0] == "u" else " "


def _assembled(units: Iterator[tuple[str, int, int]]) -> Folded:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece, start, end in units:
        folded = "".join(map(_folded, piece))
        if folded:
            letters.append(folded)
            starts += [start] * len(folded)
            ends += [end] * len(folded)
        elif ends:
            ends[-1] = end  # what is invisible belongs to the letter before it
    return Folded("".join(letters), starts, ends)


@lru_cache(maxsize=4096)
def _folded(letter: str) -> str:
    """None, one or several characters for one."""
    if letter in _INVISIBLE_LETTERS:
        return ""
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    parts = unicodedata.normalize("NFKD", letter).casefold().translate(_LOOK_ALIKE)
    parts = unicodedata.normalize("NFKD", parts)
    return "".join(part for part in parts if unicodedata.category(part) not in {"Mn", "Me", "Cf"})
