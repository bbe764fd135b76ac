"""Hides who a text is about, and puts them back into what a model answers.

One object for one call: within it the same value has the same token, whatever its spelling and wherever it stands.
`restore` after `hide` gives back every text exactly.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.privacy.folding import Folded, readings
from shared.privacy.identifiers import Identifiers
from shared.privacy.identifying_patterns import certain_patterns, likely_patterns
from shared.privacy.known_values import KnownValues
from shared.privacy.spans import Kind, Span, merged
from shared.privacy.tokens import BEGUN, TOKEN, meant, written

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


class Pseudonyms:
    """Belongs to one call; not for threads."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._known = KnownValues(identifiers.names)
        self._numbers: dict[tuple[Kind, str], int] = {}
        self._last: defaultdict[Kind, int] = defaultdict(int)
        self._spellings: defaultdict[tuple[Kind, str], dict[str, str]] = defaultdict(dict)
        self._values: dict[str, str] = {}  # token → what stood in its place
        self._taken: set[str] = set()

    def __len__(self) -> int:
        """How many values and spellings are hidden so far."""
        return len(self._values)

    def reserve(self, text: str) -> None:
        """Never use the tokens that this text holds: it is sent as it is, and a model may repeat it."""
        self._taken.update(meant(found) for found in TOKEN.finditer(text))

    def hide(self, text: str) -> str:
        """`text` with a token for every known value, every pattern, and whatever already looks like a token."""
        return "".join(self._pieces(text))

    def restore(self, text: str) -> str:
        """The values back in the place of their tokens; a token that was never used stays as it is."""
        return TOKEN.sub(lambda found: self.value(meant(found), found[0]), text)

    def value(self, token: str, otherwise: str) -> str:
        """What `token` stands for."""
        return self._values.get(token, otherwise)

    def outside_tokens(self, text: str) -> Iterator[str]:
        """The parts of a hidden text between its tokens: what is to be searched for what was overlooked."""
        position = 0
        for found in TOKEN.finditer(text):
            if found[0] in self._values:
                yield text[position : found.start()]
                position = found.end()
        yield text[position:]

    def hide_all(self, data: Any) -> Any:
        """The same JSON-like structure with every text, key and number in it hidden."""
        return _mapped(data, self.hide, self._hide_number)

    def restore_all(self, data: Any) -> Any:
        """The same JSON-like structure with every text and key in it restored: nothing is ever parsed again."""
        return _mapped(data, self.restore, lambda number: number)

    def _pieces(self, text: str) -> Iterator[str]:
        """What is left between two values is searched again: its surroundings are others now."""
        if not _LETTER_OR_DIGIT.search(text):
            yield text
            return
        position = 0
        for span in self._find(text):
            yield from self._pieces(text[position : span.start])
            yield self._token(span, text[span.start : span.end])
            position = span.end
        rest = text[position:]
        if position:
            yield from self._pieces(rest)
        else:
            yield rest

    def _find(self, text: str) -> list[Span]:
        alike = (Span(found.start(), found.end(), Kind.LITERAL, found[0]) for found in TOKEN.finditer(text))
        found = (span for folded in readings(text) for span in self._found_in(text, folded))
        return merged([*alike, *found]) if text else []

    def _found_in(self, text: str, folded: Folded) -> Iterator[Span]:
        yield from self._known.find(folded)
        yield from certain_patterns(folded)
        yield from likely_patterns(text, folded)

    def _token(self, span: Span, spelling: str) -> str:
        spellings = self._spellings[span.kind, span.value]
        if spelling not in spellings:
            token = self._new_token(span, len(spellings))
            spellings[spelling] = token
            self._values[token] = spelling
        return spellings[spelling]

    def _new_token(self, span: Span, spelling: int) -> str:
        key = span.kind, span.value
        if key not in self._numbers:
            self._numbers[key] = self._next_number(span.kind)
        return written(span.kind, self._numbers[key], spelling)

    def _next_number(self, kind: Kind) -> int:
        self._last[kind] += 1
        while written(kind, self._last[kind], 0) in self._taken:
            self._last[kind] += 1
        return self._last[kind]

    def _hide_number(self, number: int | float) -> Any:
        hidden = self.hide(str(number))
        return number if hidden == str(number) else hidden


class StreamRestorer:
    """Restores a text that comes in pieces. Keeps back only what may be the beginning of a token."""

    def __init__(self, pseudonyms: Pseudonyms, escape: Callable[[str], str] = str) -> None:
        """`escape` makes a value fit for where it is put, as inside a JSON string."""
        self._pseudonyms = pseudonyms
        self._escape = escape
        self._held = ""
        self._before = ""  # the character that stood before `_held`: a token has a beginning

    def feed(self, delta: str) -> str:
        """What can be said for sure now. All that was fed is `feed(…) + … + finish()`."""
        text = self._before + self._held + delta
        begun = BEGUN.search(text, len(self._before))
        return self._release(text, begun.start() if begun else len(text))

    def finish(self) -> str:
        """What was kept back, now that nothing follows."""
        text = self._before + self._held
        return self._release(text, len(text))

    def _release(self, text: str, end: int) -> str:
        parts: list[str] = []
        position = len(self._before)
        for found in TOKEN.finditer(text, position):
            if found.start() >= end:
                break
            value = self._pseudonyms.value(meant(found), "")
            parts += [text[position : found.start()], self._escape(value) if value else found[0]]
            position = found.end()
        parts.append(text[position:end])
        self._before, self._held = text[:end][-1:], text[end:]
        return "".join(parts)


def _mapped(data: Any, text: Callable[[str], str], number: Callable[[int | float], Any]) -> Any:
    if isinstance(data, str):
        return text(data)
    if isinstance(data, Mapping):
        return {text(str(key)): _mapped(value, text, number) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_mapped(item, text, number) for item in data]
    if isinstance(data, bool) or not isinstance(data, int | float):
        return data
    return number(data)
