"""One spelling for comparing: lower case, no accents, plain minus, superscripts as digits."""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")
_POWER = re.compile(r"(?<=\d)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_SAME = str.maketrans({"−": "-", "‑": "-", "μ": "u", "×": "x", "\u00a0": " "})


def folded(text: str) -> str:
    """`10³/µL` becomes `10^3/ul`, `Hemácias` becomes `hemacias`; `≤`, `–` and `%` stay."""
    if text.isascii():  # most keys, codes and numbers: nothing to fold but the case
        return text.lower()
    powers = _POWER.sub(r"^\1", text)
    plain = unicodedata.normalize("NFKD", powers).translate(_SAME)
    return _ACCENTS.sub("", plain).lower()
