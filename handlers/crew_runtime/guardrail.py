"""No sentence without a citation, no number that the cited facts do not hold.

Facts come from rules; this is what keeps a model from changing one on the way to the text.
It compares literally: it cannot tell whether a sentence draws the right conclusion from the right number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from handlers.crew_runtime.case import as_json, calculations_view, finding_view
from shared.findings import Avaliacao

# `[A3]`, or `[C:name]` where the name may itself end in brackets.
_CITATION = re.compile(r"\[(?:C:([\w.-]+(?:\[[\w.-]+\])?)|(A\d+))\]")
_CITATION_AFTER_STOP = re.compile(r"([.!?])[ \t]*((?:\[(?:C:[^\s\]]+\]?|A\d+)\][ \t]*)+)(?=\s|$)")
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:p|ex|dr|dra|sr|sra|art|máx|mín|ref|obs|vs|aprox|etc)\.$", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![^\W\d_])\d+(?:[.,]\d+)*")
_WORD_WITH_DIGITS = re.compile(r"[^\W\d_]+[-]?\d[\w.,-]*\w|[^\W\d_]+\d")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")
# "um/uma" are articles far more often than numbers, so they stay out.
_NUMBER_WORDS = re.compile(
    r"\b(?:dois|duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|quatorze|catorze|quinze|dezesseis|"
    r"dezessete|dezoito|dezenove|vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa|cem|cento|"
    r"duzent[oa]s|trezent[oa]s|quatrocent[oa]s|quinhent[oa]s|seiscent[oa]s|setecent[oa]s|oitocent[oa]s|novecent[oa]s|"
    r"mil|milhão|milhões|metade|dobro|triplo|terço|quarto)\b",
    re.IGNORECASE,
)
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "          ")


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
    return list(dict.fromkeys(finding for _, finding in _CITATION.findall(text) if finding))


class CitationRules:
    """What an opinion on one evaluation may say."""

    def __init__(self, evaluation: Avaliacao) -> None:
        calculations = calculations_view(evaluation)["calculos"]
        self._findings = {finding.id: as_json(finding_view(finding)) for finding in evaluation.achados}
        self._calculations = {name: f"{name} {as_json(value)}" for name, value in calculations.items()}
        self._critical = [finding.id for finding in evaluation.criticos]

    def faults(self, text: str) -> list[str]:
        """What is wrong with `text`, in words the model can act on; empty when nothing is."""
        found = [fault for number, line in enumerate(sentences(text), 1) for fault in self._sentence(number, line)]
        cited = citations(text)
        if not cited and not found:
            found.append("o texto não cita nenhum achado")
        missing = [name for name in self._critical if name not in cited]
        if missing:
            found.append(f"achados críticos não mencionados: {', '.join(missing)}")
        return found

    def _sentence(self, number: int, line: str) -> Iterator[str]:
        cited = _CITATION.findall(line)
        if not cited:
            yield f"frase {number} sem citação"
            return
        sources = [self._findings.get(name) if name else self._calculations.get(value) for value, name in cited]
        if None in sources:
            yield f"frase {number} cita um identificador que não existe"
            return
        evidence = " ".join(source for source in sources if source)
        strange = _unsupported(_CITATION.sub(" ", line), evidence)
        if strange:
            yield f"frase {number} traz valores que não estão no que ela cita: {', '.join(strange)}"


def _unsupported(sentence: str, evidence: str) -> list[str]:
    sentence, evidence = sentence.translate(_SUPERSCRIPT), evidence.translate(_SUPERSCRIPT)
    literals = set(_NUMBER.findall(evidence))
    values = {_value(literal) for literal in literals}
    folded = evidence.casefold()
    strange = [text for text in _NUMBER.findall(sentence) if text not in literals and _value(text) not in values]
    named = [text for text in _WORD_WITH_DIGITS.findall(sentence) if text.casefold() not in folded]
    words = [text for text in _NUMBER_WORDS.findall(sentence) if not re.search(rf"\b{text.casefold()}\b", folded)]
    return [*strange, *named, *words]


def _value(text: str) -> Decimal | str:
    """Brazilian notation: a comma is the decimal mark, a dot before groups of three digits separates thousands."""
    if _GROUPED.fullmatch(text) or "," in text:
        text = text.replace(".", "").replace(",", ".")
    try:
        return Decimal(text).normalize()
    except InvalidOperation:  # a version or a date such as 1.2.3: only the same text matches
        return text


class OpinionGuardrail:
    """The rules as crewai wants them: a callable that accepts or says what to mend, a bounded number of times."""

    def __init__(self, rules: CitationRules, retries: int, give_up: Callable[[], NoReturn]) -> None:
        """`give_up()` is called instead of a refusal once `retries` are spent; it must raise."""
        self._rules = rules
        self.retries = retries
        self._left = retries
        self._give_up = give_up

    def check(self, output):  # type: ignore[no-untyped-def]  # crewai inspects the annotations at run time
        faults = self._rules.faults(output.raw)
        if not faults:
            return True, output.raw
        if self._left == 0:
            self._give_up()
        self._left -= 1
        return False, "; ".join(faults)
