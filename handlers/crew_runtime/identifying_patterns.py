"""Identifiers that no field of the request lists, known by their form: somebody wrote them into an ordinary text.

Numbers count only where their check digits agree, so that a measurement or a code does not stop an opinion.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.clinical.identifiers import cns_number, cpf_number

_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"(?<![\w.,/-])\d{3}[. ]?\d{3}[. ]?\d{3}[- ]?\d{2}(?![\w-])", re.ASCII), cpf_number),
    (re.compile(r"(?<![\w.,/-])[12789]\d{2} ?\d{4} ?\d{4} ?\d{4}(?![\w-])", re.ASCII), cns_number),
)
_FORMS = (
    re.compile(r"\w[\w.+-]{0,63}@[\w-]{1,63}\.\w"),  # e-mail
    re.compile(r"\(0?\d{2}\) ?9?\d{4}[- ]?\d{4}(?!\d)", re.ASCII),  # telephone with its area code
)


def holds_identifying_pattern(text: str) -> bool:
    """Whether `text` holds a CPF or CNS with right check digits, an e-mail address or a telephone number."""
    if any(form.search(text) for form in _FORMS):
        return True
    return any(_agrees(match[0], number) for pattern, number in _NUMBERS for match in pattern.finditer(text))


def _agrees(text: str, number: Callable[[str], str]) -> bool:
    try:
        number(text)
    except ValueError:
        return False
    return True
