"""Escape sequences of HL7 v2 (chapter 2.7): what stands for a separator, a byte, a line break."""

from __future__ import annotations

import re
from functools import lru_cache

_HEX = re.compile(r"X(?:[0-9A-Fa-f]{2})+")
_LINE = re.compile(r"\.(?:br|sp|ce)\d*")
_IGNORED = re.compile(r"[HN]|\.(?:fi|nf|in|ti|sk)[+-]?\d*")


def unescape(text: str, separators: str, charset: str) -> str:
    """`text` with its sequences replaced. One that we do not know stays as it is, so that nothing is lost."""
    escape = separators[3]
    if escape not in text:
        return text
    return _sequence(escape).sub(lambda match: _meaning(match, separators, charset), text)


@lru_cache(maxsize=16)
def _sequence(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([^{mark}]{{1,200}}){mark}")


def _meaning(match: re.Match[str], separators: str, charset: str) -> str:
    field, component, repetition, escape, sub = tuple(separators)
    name = match[1]
    simple = {"F": field, "S": component, "R": repetition, "E": escape, "T": sub}.get(name)
    if simple is not None:
        return simple
    if _HEX.fullmatch(name):
        return _characters(bytes.fromhex(name[1:]), charset)
    if _LINE.fullmatch(name):
        return "\n"
    return "" if _IGNORED.fullmatch(name) else match[0]


def _characters(raw: bytes, charset: str) -> str:
    """Escaped bytes in the message's charset; in plain ASCII that says nothing: UTF-8, else Latin-1."""
    try:
        return raw.decode("utf-8" if charset == "ascii" else charset)
    except UnicodeDecodeError:
        return raw.decode("latin-1")
