"""Fails closed: a text that holds anything known to identify somebody is not sent to a model.

The crew's case is built without identifiers; this is the check that it really was. It looks for the people and
numbers a request names and for runs of words of its free text, ignoring case, accents and separators; then for what
has the form of an identifier, whoever's it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from shared.errors import ModelRefused
from shared.privacy.identifiers import Identifiers
from shared.privacy.identifying_patterns import holds_identifying_pattern

# Brazilian surnames that are also words of clinical findings. Alone they are not looked for, the full name is.
_ORDINARY_WORDS = frozenset({"das", "dos", "dias", "alta", "branco", "rosa", "leite", "campos", "barriga", "sangue"})
# crewai's own English around our prompts.
_SCAFFOLDING = (
    "you are your personal goal is current task provide complete response this the expected criteria for final answer "
    "must return actual content as not summary context working with previous attempt failed validation result try "
    "again making sure address error begin very important use tools available give best job depends thought"
)
_WORD = re.compile(r"[a-z0-9]+")
_LONG_NUMBER = re.compile(r"\d(?:[.\-/ ]?\d){6,}")
_SHORTEST_NAME = 3
_SHORTEST_CODE = 5
_SHORTEST_NUMBER = 7
_QUOTE_WORDS = 5


def words_of(text: str) -> list[str]:
    """Lower case, without accents, split at everything that is neither letter nor digit."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _WORD.findall(plain)


class OutgoingGuard:
    """One message's identifiers, ready to be looked for.

    `vocabulary` holds the words of the crew's own prompts: a surname among them is looked for only in full.
    """

    def __init__(self, identifiers: Identifiers, vocabulary: frozenset[str]) -> None:
        ordinary = vocabulary | _ORDINARY_WORDS | frozenset(words_of(_SCAFFOLDING))
        names = [words_of(name) for name in identifiers.names]
        quotes = [words_of(quote) for quote in identifiers.quotes]
        self._words = {word for name in names for word in name if _telling(word) and word not in ordinary}
        self._runs: dict[str, set[tuple[str, ...]]] = {}  # by their first word
        for run in (*names, *(run for quote in quotes for run in _windows(quote, _QUOTE_WORDS))):
            if len(run) > 1:
                self._runs.setdefault(run[0], set()).add(tuple(run))
        digits = (re.sub(r"\D", "", name) for name in identifiers.names)
        self._numbers = {number for number in digits if len(number) >= _SHORTEST_NUMBER}
        self._sent: set[str] = set()

    def check(self, texts: Iterable[str]) -> None:
        """Raise `ModelRefused` when any text holds an identifier. The message does not say which.

        A conversation is sent again with every call: what was let through once is not searched again.
        """
        new = {*texts} - self._sent
        if any(self._holds_identifier(text) for text in new):
            raise ModelRefused("um dado identificador apareceu no texto a enviar ao modelo; nada foi enviado")
        self._sent |= new

    def _holds_identifier(self, text: str) -> bool:
        words = words_of(text)
        if not self._words.isdisjoint(words):
            return True
        if any(self._runs_from(words, start) for start, word in enumerate(words) if word in self._runs):
            return True
        found = [re.sub(r"\D", "", match) for match in _LONG_NUMBER.findall(text)]
        if any(number in digits for number in self._numbers for digits in found):
            return True
        return holds_identifying_pattern(text)

    def _runs_from(self, words: list[str], start: int) -> bool:
        return any(tuple(words[start : start + len(run)]) == run for run in self._runs[words[start]])


def _telling(word: str) -> bool:
    return len(word) >= (_SHORTEST_CODE if word.isdigit() else _SHORTEST_NAME)


def _windows(words: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(size)), strict=False)
