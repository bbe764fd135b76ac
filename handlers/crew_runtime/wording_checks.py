"""Does a sentence say the opposite of what it cites, name what is not there, or assert what no opinion may?

Lexical: it knows opposites, grades, denials and names by their words, and no more than that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from handlers.crew_runtime.evidence import Evidence
from handlers.crew_runtime.faults import FaultKind
from handlers.crew_runtime.lexicon import Forbidden, Lexicon

Finding = tuple[FaultKind, str]
Pattern = re.Pattern[str]

# Not the unit `m²` nor the time `8h10`.
_WORD_WITH_DIGITS = re.compile(r"(?<!\w)(?!m2\b|mm3\b)(?:[^\W\d_]+-?\d[\w.,/-]*\w|[^\W\d_]+\d)")
_NEGATED = re.compile(r"\b(?:nao|nem|nunca|sem|not|no|never|without)\s+(?:\w+\s+){0,2}$")
# What a sentence calls in general terms is no denial of the finding that is cited for it.
_ANY_TERM = frozenset({"dados", "dado", "resultado", "valor", "limite", "exame", "paciente", "alta", "outros", "outra"})
_DISEASE_OR_ALLERGY = re.compile(r"(?:emia|penia|itose|filia|alergia|allergy|cytosis)$")
_LETTER_OR_DIGIT = re.compile(r"[a-z0-9]")
_STEM = 6


def wording_faults(
    sentence: str, evidence: Evidence, words: Lexicon, forbidden: Iterable[Forbidden]
) -> Iterator[Finding]:
    """`sentence` is folded and without its citations."""
    yield from _names(sentence, evidence, words)
    yield from _contradictions(sentence, evidence, words)
    for rule in (*words.forbidden, *forbidden):
        hit = rule.found_in(sentence)
        if hit and not _quoted(hit, evidence):
            yield FaultKind.FORBIDDEN, rule.says


def _quoted(hit: str, evidence: Evidence) -> bool:
    return " ".join(hit.split()) in evidence.text


def _names(sentence: str, evidence: Evidence, words: Lexicon) -> Iterator[Finding]:
    for code in _WORD_WITH_DIGITS.findall(sentence):
        if not _stands_in(evidence.text.replace("_", " "), code):
            yield FaultKind.NAME, code
    for found in words.drugs.finditer(sentence):
        if found.group()[:_STEM] not in evidence.text:
            yield FaultKind.NAME, found.group()


def _stands_in(text: str, code: str) -> bool:
    """With neither letter nor digit on either side. No pattern: Python would keep the model's words in its cache."""
    at = text.find(code)
    while at >= 0:
        joined = at > 0 and _LETTER_OR_DIGIT.match(text, at - 1)
        if not joined and not _LETTER_OR_DIGIT.match(text, at + len(code)):
            return True
        at = text.find(code, at + 1)
    return False


def _contradictions(sentence: str, evidence: Evidence, words: Lexicon) -> Iterator[Finding]:
    said, known = _values_only(sentence, words), _values_only(evidence.claims, words)
    for one, other in words.opposites:
        here = _sides(said, one, other)
        if len(here) != 1:
            continue
        there = _sides(known, one, other)
        if len(there) == 1 and here != there:
            yield FaultKind.CONTRADICTION, _first(said, one, other)
    for grade in words.grades:
        here_levels = grade.levels_in(sentence)
        known_levels = grade.levels_in(evidence.claims) if here_levels else here_levels
        if known_levels and here_levels - known_levels:
            yield FaultKind.CONTRADICTION, "grau ou nível diferente do achado"
    yield from _normal(said, known, evidence, words)
    yield from _denials(sentence, evidence, words)


def _values_only(text: str, words: Lexicon) -> str:
    for pattern in words.not_a_value:
        text = pattern.sub(" ", text)
    return text


def _sides(text: str, one: Pattern, other: Pattern) -> set[int]:
    """Which of two opposites a text says; a negated word counts for its opposite."""
    found: set[int] = set()
    for side, pattern in ((0, one), (1, other)):
        for hit in pattern.finditer(text):
            found.add(1 - side if _negated(text, hit.start()) else side)
    return found


def _negated(text: str, at: int) -> bool:
    return _NEGATED.search(text, 0, at) is not None


def _first(text: str, *patterns: Pattern) -> str:
    return next(hit.group() for pattern in patterns if (hit := pattern.search(text)))


def _normal(said: str, known: str, evidence: Evidence, words: Lexicon) -> Iterator[Finding]:
    hits = list(words.normal.finditer(said))
    if not hits or evidence.calculated or words.normal.search(known):
        return
    low, high = words.opposites[0]
    if not _sides(known, low, high) or _sides(said, low, high):
        return
    for hit in hits:
        if not words.normal_of_something_else.search(said, 0, hit.start()):
            yield FaultKind.CONTRADICTION, hit.group()


def _denials(sentence: str, evidence: Evidence, words: Lexicon) -> Iterator[Finding]:
    for hit in words.denial.finditer(sentence):
        term = hit["term"]
        if term in _ANY_TERM or _quoted(hit.group(), evidence):
            continue
        if hit.group().startswith(("sem", "without")) and not _DISEASE_OR_ALLERGY.search(term.rstrip("s")):
            continue
        if any(word[:_STEM] == term[:_STEM] for word in evidence.code_words):
            yield FaultKind.CONTRADICTION, hit.group()
