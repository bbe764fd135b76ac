"""A stored text file as text."""

from __future__ import annotations

import codecs


def decoded(raw: bytes) -> str:
    """UTF-8, with or without its mark; else Windows' Western European, where a byte without meaning becomes U+FFFD."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
