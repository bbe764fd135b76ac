"""Files in which nobody can say where the names are: they stay inside the house."""

from __future__ import annotations

import re

# A picture, a PDF, a signature: whoever is named in there is named where no search looks. Longer than any word, hash
# or path of an address; or lines as mail programs break them.
_PACKED = re.compile(r"[A-Za-z0-9+/_-]{120,}|(?:[A-Za-z0-9+/]{60,}={0,2}(?:\s|\\[rn])+){3}")
_FEW_LETTERS = 12  # a ruled line is long, too


class Unsearchable(Exception):
    """Not an error of a caller: the file was read, but not who it names."""


def refuse_packed(text: str) -> None:
    """Raises Unsearchable for a text with binary content in it, written out as letters or as it is."""
    if "\x00" in text or any(len(set(found[0])) > _FEW_LETTERS for found in _PACKED.finditer(text)):
        raise Unsearchable
