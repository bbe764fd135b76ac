"""What stands for a hidden value, `[PESSOA_1]`, and how far a model may misspell it.

The number belongs to the value; a further spelling of the same value has a letter behind it (`[PESSOA_1b]`), so that
what comes back is what was written. A model may write a token in brackets in any case and with the backslashes of
Markdown (two for one, inside JSON), or without brackets in upper case. Anything else is not a token.
"""

from __future__ import annotations

import re
from string import ascii_lowercase

from shared.privacy.spans import Kind

_LABELS = "|".join(sorted(Kind, key=len, reverse=True))
_BODY = rf"({_LABELS})\\{{0,2}}_([1-9]\d{{0,5}})([a-z]{{0,3}})"
TOKEN = re.compile(rf"\\{{1,2}}\[(?i:{_BODY})\\{{1,2}}\]|\[(?i:{_BODY})\]|(?<![\w\\]){_BODY}(?!\w)", re.ASCII)


def written(kind: Kind, number: int, spelling: int) -> str:
    """The token of a value's spelling; spelling 0 is the first."""
    return f"[{kind}_{number}{_letters(spelling)}]"


def meant(found: re.Match[str]) -> str:
    """A match of `TOKEN` as we write it."""
    label, number, letters = (part for part in found.groups() if part is not None)
    return f"[{label.upper()}_{number}{letters.lower()}]"


def _letters(spelling: int) -> str:
    """ "", b, c, …, z, ba, bb, …"""
    letters = ""
    while spelling:
        spelling, digit = divmod(spelling, len(ascii_lowercase))
        letters = ascii_lowercase[digit] + letters
    return letters


def _beginning(atoms: list[str]) -> str:
    """Matches every beginning, of one atom or more, of what the atoms match together."""
    pattern = ""
    for atom in reversed(atoms):
        pattern = f"{atom}(?:{pattern})?" if pattern else atom
    return pattern


def _beginnings() -> str:
    tail = [r"\\{0,2}", "_", r"[1-9]\d{0,5}", "[a-z]{0,3}"]
    bare = "|".join(_beginning([*label, *tail]) for label in Kind)
    inner = "|".join(_beginning([*label, *tail, r"\\{0,2}"]) for label in Kind)
    return rf"(?:\\{{0,2}}(?:\[(?i:{inner})?)|\\{{1,2}}|(?<![\w\\])(?:{bare}))\Z"


BEGUN = re.compile(_beginnings(), re.ASCII)
"""Matches at the end of a text whatever more text may turn into a token."""
