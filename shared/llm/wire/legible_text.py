"""Text that can be sent on and stored: no half letters, no NUL.

Some servers cut a stream between the two halves of an emoji, and JSON lets each half through by itself; no UTF-8 and no
database takes one.
"""

from __future__ import annotations

import re

_ILLEGIBLE = re.compile("[\x00\ud800-\udfff]")
_FIRST_HALF = re.compile("[\ud800-\udbff]$")


def legible(text: str) -> str:
    """The same text; halves that belong together are joined, what has no meaning becomes U+FFFD."""
    if not _ILLEGIBLE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd")


class LegibleStream:
    """The same for pieces of one text: half a letter waits for its other half."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """What of it may go on now."""
        if not self._half and not _ILLEGIBLE.search(piece):
            return piece
        text = self._half + piece
        self._half = text[-1:] if _FIRST_HALF.search(text) else ""
        return legible(text[: len(text) - len(self._half)])
