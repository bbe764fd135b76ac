"""Identifiers that nobody listed, known by their form: somebody wrote them into an ordinary text.

Numbers with check digits count only where these agree, so that a measurement or a code is left alone. Numbers
without (identity document, record, guide) count only behind their own word; a street only with its house number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import mul

from shared.clinical.identifiers import cnpj_number, cns_number, cpf_number
from shared.privacy.folding import Folded, readings
from shared.privacy.spans import Kind, Span

_GAP = r"[\s.\-/\u00b7\u2010-\u2015_]{0,3}"
# Not behind `0.` or `12,`: the decimals of a measurement are no CPF.
_NO_DECIMALS = r"(?<!\d)(?<!(?<!\d)\d[.,])(?<!(?<!\d)\d\d[.,])(?<!(?<!\d)\d{3}[.,])"


def _grouped(*groups: int) -> re.Pattern[str]:
    """Digits in these groups, together or apart; or each digit apart from the next."""
    together = _GAP.join(rf"\d{{{group}}}" for group in groups)
    apart = rf"\d(?:[\s.\-]{{1,3}}\d){{{sum(groups) - 1}}}"
    return re.compile(rf"{_NO_DECIMALS}(?=({together}|{apart})(?!\d))", re.ASCII)


def _labelled(label: str, value: str) -> re.Pattern[str]:
    """`label`, at most a `nº`, a colon or quotes, and the value as group 1."""
    between = r"[\"']?[\s_]{0,3}(?:n(?:umero|um|o|r)?[.\u00b0]?)?[\s:.#=\"'\-]{0,5}"
    return re.compile(rf"(?<![^\W\d_])(?:{label}){between}({value})")


_CHECKED: tuple[tuple[Kind, re.Pattern[str], Callable[[str], str]], ...] = (
    (Kind.CPF, _grouped(3, 3, 3, 2), cpf_number),
    (Kind.CNS, _grouped(3, 4, 4, 4), cns_number),
)
_COMPANY = re.compile(r"(?<!\w)(?=([0-9a-z]{2}\.?[0-9a-z]{3}\.?[0-9a-z]{3}[/ ]?[0-9a-z]{4}-?\d{2})(?!\w))", re.ASCII)
_FORMS = (
    (Kind.EMAIL, re.compile(r"(?<![\w.+-])([\w.+-]+@[\w-]+(?:\.[\w-]+)+)")),
    (Kind.PHONE, re.compile(r"((?:\+?55\W{0,2})?\(0?\d{2}\)\W{0,2}9?\W?\d{4}\W?\d{4})(?!\d)", re.ASCII)),
)
_LIKELY = (
    (Kind.PHONE, re.compile(rf"(\+55{_GAP}\d\d{_GAP}9?{_GAP}\d{{4}}{_GAP}\d{{4}})(?!\d)", re.ASCII)),
    (Kind.PHONE, re.compile(r"(?<![\d.,])((?:0?[1-9]\d[ .-]?)?9\d{4}[ .-]\d{4})(?!\d)", re.ASCII)),
    (Kind.PHONE, re.compile(r"(?<![\d.,])([1-9][1-9][ .-]\d{4}[ .-]\d{4}|[1-9][1-9]9\d{8})(?!\d)", re.ASCII)),
    (Kind.PHONE, _labelled("tel(?:efone)?|cel(?:ular)?|fone|whats(?:app)?|zap|ramal", r"\+?\d[\d ().-]{6,18}\d")),
    (Kind.CODE, _labelled("rg|identidade|cnh|rne|rnm|passaporte|ctps|pis|pasep|nis", r"[a-z]{0,2}[ -]?\d[\d.-]{3,14}[\dx]?")),
    (
        Kind.CODE,
        _labelled(
            "prontuarios?|guia|carteirinha|carteira|matricula|atendimento|protocolo|titulo de eleitor|dnv",
            r"(?:[a-z]{1,4}[./-]?)?\d[\da-z./-]{0,24}\d",
        ),
    ),
    (Kind.BIRTH, _labelled("nascid[oa] em|data de nascimento|nascimento|dn|d\\.n\\.", r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")),
    (Kind.ADDRESS, re.compile(r"(?<!\d)(\d{5}-\d{3})(?![\d-])", re.ASCII)),
    (Kind.ADDRESS, _labelled("cep", r"\d{2}\.?\d{3}[ -]?\d{3}")),
)  # fmt: skip
_STREET = re.compile(
    r"(?<!\w)((?:rua|avenida|av\.?|travessa|alameda|praca|rodovia|estrada|viela|r\.)\s{1,3}"
    r"(?:[^\W\d_][\w'.-]{0,30}[\s,]{1,3}){1,7}(?:n(?:umero|o)?[.\u00b0]?\s{0,2})?\d{1,6})(?!\w)"
)


def holds_identifying_pattern(text: str) -> bool:
    """Whether `text` holds a CPF or CNS with right check digits, an e-mail address or a telephone number."""
    return any(True for folded in readings(text) for _ in _certain(folded))


def patterns_in(text: str) -> Iterator[Span]:
    """Every place that has the form of an identifier, in no order; they may overlap.

    More than `holds_identifying_pattern` asks for: also what only looks like one. It is hidden and comes back, so an
    error costs little here, while that one stops a call.
    """
    for folded in readings(text):
        yield from _certain(folded)
        yield from _checked(folded, Kind.CNPJ, _COMPANY, cnpj_number)
        for kind, pattern in _LIKELY:
            yield from (_span(folded, found, kind) for found in pattern.finditer(folded.text))
        yield from (_span(folded, found, Kind.ADDRESS) for found in _STREET.finditer(folded.text) if _named(text, folded, found))


def _certain(folded: Folded) -> Iterator[Span]:
    for kind, pattern, number in _CHECKED:
        yield from _checked(folded, kind, pattern, number)
    for kind, form in _FORMS:
        yield from (_span(folded, found, kind) for found in form.finditer(folded.text))


def _checked(
    folded: Folded, kind: Kind, pattern: re.Pattern[str], number: Callable[[str], str]
) -> Iterator[Span]:
    for found in pattern.finditer(folded.text):
        if _agrees(re.sub(r"[\W_]", "", found[1]), number):
            yield _span(folded, found, kind)


def _agrees(bare: str, number: Callable[[str], str]) -> bool:
    if number is not cnpj_number and not _last_digit_may_agree(bare):
        return False
    try:
        number(bare)
    except ValueError:
        return False
    return True


def _last_digit_may_agree(bare: str) -> bool:
    """Of a CPF or a CNS: nine of ten numbers that are none fall here, at a tenth of the whole check's time."""
    remainder = sum(map(mul, map(int, reversed(bare)), range(1, len(bare) + 1))) % 11
    return remainder == 0 or (len(bare) == 11 and bare[-1] == "0")


def _span(folded: Folded, found: re.Match[str], kind: Kind) -> Span:
    value = re.sub(r"[\W_]", "", found[1]) if kind is not Kind.EMAIL else found[1]
    return Span(*folded.origin(found.start(1), found.end(1)), kind, value)


def _named(text: str, folded: Folded, found: re.Match[str]) -> bool:
    """A street has a name of its own, written with a capital: `caiu na rua há 3 dias` has none."""
    start, end = folded.origin(found.start(1), found.end(1))
    return any(word[:1].isupper() for word in text[start:end].split()[1:])
