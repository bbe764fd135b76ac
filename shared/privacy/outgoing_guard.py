"""Fails closed: a text that holds anything known to identify somebody is not sent to a model.

A crew's case is built without identifiers, and a call that leaves the house is pseudonymised: this is the check that
it really was. It looks for the people and numbers a request names and for runs of words of its free text, ignoring
case, accents and separators; then for what has the form of an identifier, whoever's it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from shared.errors import ModelRefused
from shared.privacy.folding import readings, words_of
from shared.privacy.identifiers import Identifiers
from shared.privacy.identifying_patterns import certain_patterns
from shared.privacy.known_values import KnownValues

_QUOTE_WORDS = 5


class OutgoingGuard:
    """One call's identifiers, ready to be looked for.

    `vocabulary` holds the words of our own prompts: a surname among them is looked for only in full.
    """

    def __init__(self, identifiers: Identifiers, vocabulary: frozenset[str] = frozenset()) -> None:
        self._known = KnownValues(identifiers.names, vocabulary)
        quotes = (words_of(quote) for quote in identifiers.quotes)
        self._runs = {run for quote in quotes for run in _windows(quote)}
        self._sent: set[str] = set()

    def check(self, texts: Iterable[str]) -> None:
        """Raise `ModelRefused` when any text holds an identifier. The message does not say which.

        A conversation is sent again with every call: what was let through once is not searched again.
        """
        new = {*texts} - self._sent
        if any(self.identifies(text) for text in new):
            raise ModelRefused("um dado identificador apareceu no texto a enviar ao modelo; nada foi enviado")
        self._sent |= new

    def identifies(self, text: str) -> bool:
        """Whether `text` holds an identifier."""
        for folded in readings(text):
            if any(True for _ in chain(self._known.find(folded), certain_patterns(folded))):
                return True
            if self._runs and not self._runs.isdisjoint(_windows(folded.word_texts)):
                return True
        return False


def _windows(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(_QUOTE_WORDS)), strict=False)
