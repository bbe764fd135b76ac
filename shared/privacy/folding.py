"""A text as it is searched for identifiers: lower case, no accents, no invisible characters, and the way back.

Compatible characters (full-width, mathematical, circled), decimal digits of other scripts, and the Cyrillic and Greek
letters that look like ours count as ours. So that a text inside JSON, a web page or a mail is searched too, `\\u00f4`,
`\\xf4`, `\\n`, `&ocirc;`, `%C3%B4`, `=F4` and `Ã´` (UTF-8 once read as something else) are read as what they stand for.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

# Letters that no decomposition turns into the Latin letter that the eye reads.
_LOOK_ALIKE = str.maketrans("аеорсхуікмнтвѕјαονρτικıß", "aeopcxyikmhtbsjaovptikis")
_LATIN = re.compile("LATIN (?:(?:SMALL|CAPITAL) )?LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .+)?")  # `ø`, `ᴍ`
_MOST_KEPT = 65_536
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
_BYTE = r"(?:%|=(?=[89A-F])|\\{1,2}x)"
_MORE = rf"{_BYTE}[89a-bA-B][0-9a-fA-F]"
_LETTER = rf"{_BYTE}(?:[c-dC-D][0-9a-fA-F]{_MORE}|[eE][0-9a-fA-F](?:{_MORE}){{2}}|[0-9a-fA-F]{{2}})"
_ESCAPED = re.compile(rf"(?<!\\)\\++(?:u[0-9a-fA-F]{{4}}|[nrtbf])|&#?\w{{1,10}};|{_LETTER}|[ÂÃ][^\x00-\x7f]")
_MAY_BE_ESCAPED = re.compile(r"[\\&%=ÂÃ]")
_NOT_HEX = re.compile("[^0-9a-fA-F]")
_WORD = re.compile(r"[a-z]+|[0-9]+")


class Word(NamedTuple):
    """A run of letters or of digits; `start` and `end` count characters of the folded text."""

    text: str
    start: int
    end: int


class Folded:
    """`text` is the folded text; `origin` gives the places of its characters in the text it was made of."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self.text = "".join(piece.stands_for.translate(_TABLE) for piece in pieces)
        self._same_places = len(pieces) == 1 and _same_lengths(pieces[0].stands_for)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where characters `start` to `end` (never none) stood, with what is invisible between and after them."""
        if self._same_places:
            return start, end
        starts, ends = self._places
        return starts[start], ends[end - 1]

    @cached_property
    def word_texts(self) -> list[str]:
        """In order."""
        return _WORD.findall(self.text)

    @cached_property
    def words(self) -> list[Word]:
        """In order."""
        return [Word(found[0], *found.span()) for found in _WORD.finditer(self.text)]

    @cached_property
    def _places(self) -> tuple[list[int], list[int]]:
        """Where each character began and ended. Only a hit asks for it, and most texts have none."""
        starts: list[int] = []
        ends: list[int] = []
        for piece in self._pieces:
            for index, letter in enumerate(piece.stands_for):
                first, last = piece.place(index)
                folded = _TABLE[ord(letter)]
                starts += [first] * len(folded)
                ends += [last] * len(folded)
                if not folded and ends:
                    ends[-1] = last  # what is invisible belongs to the letter before it
        return starts, ends


@dataclass(frozen=True, slots=True)
class _Piece:
    """What characters `start` to `end` of a text stand for: themselves, or what they are an escape of."""

    stands_for: str
    start: int
    end: int

    def place(self, index: int) -> tuple[int, int]:
        """Where one character of it stands."""
        if len(self.stands_for) != self.end - self.start:
            return self.start, self.end
        return self.start + index, self.start + index + 1


def readings(text: str) -> list[Folded]:
    """The text as it stands and, where it may hold any, with its escapes read."""
    plain = Folded([_Piece(text, 0, len(text))])
    if not _MAY_BE_ESCAPED.search(text) or not _ESCAPED.search(text):
        return [plain]
    return [plain, Folded(list(_unescaped_pieces(text)))]


def fold(text: str) -> str:
    """The folded text alone, escapes not read."""
    return Folded([_Piece(text, 0, len(text))]).text


def words_of(text: str) -> list[str]:
    """The words of the folded text, in order."""
    return _WORD.findall(fold(text))


def _unescaped_pieces(text: str) -> Iterator[_Piece]:
    position = 0
    for escape in _ESCAPED.finditer(text):
        yield _Piece(text[position : escape.start()], position, escape.start())
        yield _Piece(_unescaped(escape[0]), escape.start(), escape.end())
        position = escape.end()
    yield _Piece(text[position:], position, len(text))


@lru_cache(maxsize=4096)
def _unescaped(escape: str) -> str:
    if escape[0] in "ÂÃ":
        return _decoded(_read_wrongly(escape))
    if escape.startswith("&"):
        return html.unescape(escape)
    bare = escape.lstrip("\\")
    if bare[0] in "%=x":
        return _decoded(bytes.fromhex(_NOT_HEX.sub("", escape)))
    return chr(int(bare[1:], 16)) if bare[0] == "u" else " "


def _read_wrongly(letters: str) -> bytes:
    """The bytes that somebody took for Windows-1252 or, where that has no letter, for Latin-1; empty for others."""
    return b"".join(letter.encode("cp1252", "ignore") or letter.encode("latin-1", "ignore") for letter in letters)


def _decoded(written: bytes) -> str:
    """As UTF-8 or else, as older systems write, Latin-1."""
    try:
        return written.decode()
    except UnicodeDecodeError:
        return written.decode("latin-1")


def _folded(letter: str) -> str:
    """None, one or several characters for one."""
    if letter in _INVISIBLE_LETTERS:
        return ""
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    parts = unicodedata.normalize("NFKD", letter).casefold().translate(_LOOK_ALIKE)
    parts = unicodedata.normalize("NFKD", parts)
    return "".join(_latin(part) for part in parts if unicodedata.category(part) not in {"Mn", "Me", "Cf"})


class _Table(dict[int, str]):
    """Each character as it is folded, for `str.translate`; worked out when a text first holds it."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _MOST_KEPT:
            self.clear()  # more than the basic plane: a text that is made to fill the memory
        self[code] = folded = _folded(chr(code))
        return folded


_TABLE = _Table()


def _same_lengths(text: str) -> bool:
    return text.isascii() or all(len(_TABLE[ord(letter)]) == 1 for letter in set(text))


def _latin(letter: str) -> str:
    """The plain letter that a variant of it is called after."""
    found = None if letter.isascii() else _LATIN.fullmatch(unicodedata.name(letter, ""))
    return found[1].lower() if found else letter
