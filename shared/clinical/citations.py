"""How an opinion points at what it rests on: `[A3]` is a finding, `[C:nome]` a calculation."""

from __future__ import annotations

import re

# The name of a calculation may itself end in brackets.
CITATION = re.compile(r"\[(?:C:([\w.-]+(?:\[[\w.-]+\])?)|(A\d+))\]")
_CITATION_AFTER_STOP = re.compile(r"([.!?])[ \t]*((?:\[(?:C:[^\s\]]+\]?|A\d+)\][ \t]*)+)(?=\s|$)")
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:p|ex|dr|dra|sr|sra|art|máx|mín|ref|obs|vs|aprox|etc)\.$", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """The text's sentences, each with the citations that follow its full stop."""
    joined = _CITATION_AFTER_STOP.sub(r" \2\1", text)
    parts: list[str] = []
    for part in _END_OF_SENTENCE.split(joined):
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] = f"{parts[-1]} {part}"
        elif re.search(r"\w", part):
            parts.append(part.strip())
    return parts


def citations(text: str) -> list[str]:
    """Ids of the cited findings, in order of first appearance."""
    return list(dict.fromkeys(finding for _, finding in CITATION.findall(text) if finding))


def cited_calculations(text: str) -> list[str]:
    """Names of the cited calculations, in order of first appearance."""
    return list(dict.fromkeys(name for name, _ in CITATION.findall(text) if name))
