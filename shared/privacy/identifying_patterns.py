"""Identifiers that nobody listed, known by their form: somebody wrote them into an ordinary text.

Numbers with check digits count only where these agree, so that a measurement or a code is left alone. Numbers
without (identity document, record, guide) count only behind their own word; a street only with its house number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from shared.clinical.identifiers import cnpj_number, cns_number, cpf_number
from shared.privacy.digit_windows import DigitWindows
from shared.privacy.folding import Folded
from shared.privacy.spans import Kind, Span

_SEPARATORS = re.compile(r"[\W_]")
_GAP = r"[\s.\-/\u00b7\u2010-\u2015_]{0,3}"
# Behind a first digit: not one of the decimals of a measurement (`0.390…`, `12,390…`), and not inside a number.
_FIRST = r"(?<!\d\d)(?<!(?<!\d)\d[.,]\d)(?<!(?<!\d)\d\d[.,]\d)(?<!(?<!\d)\d{3}[.,]\d)"


def _grouped(first: int, *others: int) -> re.Pattern[str]:
    """Digits in these groups, together or apart; or each digit apart from the next. Group 1 is all but the first."""
    groups = [rf"\d{{{first - 1}}}", *(rf"\d{{{group}}}" for group in others)]
    apart = rf"(?:[\s.\-]{{1,3}}\d){{{first + sum(others) - 1}}}"
    return re.compile(rf"\d{_FIRST}(?=({_GAP.join(groups)}|{apart})(?!\d))", re.ASCII)


def _labelled(label: str, value: str) -> re.Pattern[str]:
    """`label`, at most a `nº`, a colon or quotes, and the value as group 1."""
    between = r"[\"']?[\s_]{0,3}(?:n(?:umero|um|o|r)?[.\u00b0]?)?[\s:.#=\"'\-]{0,5}"
    return re.compile(rf"(?<![^\W\d_])(?:{label}){between}({value})")


_PHONE_LABELS = ("telefone", "tel", "celular", "cel", "fone", "whatsapp", "whats", "zap")
_DOCUMENT_LABELS = ("rg", "identidade", "cnh", "rne", "rnm", "passaporte", "ctps", "pis", "pasep", "nis", "dnv")
_RECORD_LABELS = ("prontuario", "guia", "carteirinha", "carteira", "matricula", "atendimento", "titulo de eleitor")
_BIRTH_LABELS = ("nascido em", "nascida em", "data de nascimento", "nascimento", "data_nascimento", "dn", "d.n.")

_CPF = _grouped(3, 3, 3, 2)
_CNS = _grouped(3, 4, 4, 4)
_COMPANY = re.compile(
    r"[0-9a-z](?<!\w\w)(?=([0-9a-z]\.?[0-9a-z]{3}\.?[0-9a-z]{3}[/ ]?[0-9a-z]{4}-?\d{2})(?!\w))", re.ASCII
)
# Each with words of which a text must hold one: most texts hold none, and that is quickly seen.
_FORMS = (
    (Kind.EMAIL, ("@",), re.compile(r"(?<![\w.+-])([\w.+-]+@[\w-]+(?:\.[\w-]+)+)")),
    (Kind.PHONE, ("(",), re.compile(r"((?:\+?55\W{0,2})?\(0?\d{2}\)\W{0,2}9?\W?\d{4}\W?\d{4})(?!\d)", re.ASCII)),
)
_LIKELY = (
    (Kind.PHONE, ("+55",), re.compile(rf"(\+55{_GAP}\d\d{_GAP}9?{_GAP}\d{{4}}{_GAP}\d{{4}})(?!\d)", re.ASCII)),
    (Kind.PHONE, ("9",), re.compile(r"(?<![\d.,])((?:0?[1-9]\d[ .-]?)?9\d{4}[ .-]\d{4})(?!\d)", re.ASCII)),
    (Kind.PHONE, ("",), re.compile(r"(?<![\d.,])([1-9][1-9][ .-]\d{4}[ .-]\d{4}|[1-9][1-9]9\d{8})(?!\d)", re.ASCII)),
    (Kind.ADDRESS, ("-",), re.compile(r"(?<!\d)(\d{5}-\d{3})(?![\d-])", re.ASCII)),
    *(
        (kind, tuple(labels), _labelled("|".join(map(re.escape, labels)), value))
        for kind, labels, value in (
            (Kind.PHONE, _PHONE_LABELS, r"\+?\d[\d ().-]{6,18}\d"),
            (Kind.CODE, _DOCUMENT_LABELS, r"[a-z]{0,2}[ -]?\d[\d.-]{3,14}[\dx]?"),
            (Kind.CODE, _RECORD_LABELS, r"(?:[a-z]{1,4}[./-]?)?\d[\da-z./-]{0,24}\d"),
            (Kind.BIRTH, _BIRTH_LABELS, r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"),
            (Kind.ADDRESS, ("cep",), r"\d{2}\.?\d{3}[ -]?\d{3}"),
        )
    ),
)
_STREET = re.compile(
    r"(?<!\w)((?:rua|avenida|av\.?|travessa|alameda|praca|rodovia|estrada|viela|r\.)\s{1,3}"
    r"(?:[^\W\d_][\w'.-]{0,30}[\s,]{1,3}){1,7}(?:n(?:umero|o)?[.\u00b0]?\s{0,2})?\d{1,6})(?!\w)"
)


def certain_patterns(folded: Folded) -> Iterator[Span]:
    """Every CPF and CNS with right check digits, e-mail address, and telephone number with its area in brackets."""
    windows = DigitWindows(folded.text)
    for kind, pattern, firsts, number in (
        (Kind.CPF, _CPF, windows.of_cpf(), cpf_number),
        (Kind.CNS, _CNS, windows.of_cns(), cns_number),
    ):
        matches = (pattern.match(folded.text, windows.places[first]) for first in firsts)
        yield from _checked(folded, kind, filter(None, matches), number)
    yield from _formed(folded, _FORMS)


def likely_patterns(text: str, folded: Folded) -> Iterator[Span]:
    """What else has the form of an identifier. `folded` is a reading of `text`.

    It is hidden and comes back, so an error costs little here; `certain_patterns` stop a call.
    """
    yield from _checked(folded, Kind.CNPJ, _COMPANY.finditer(folded.text), cnpj_number)
    yield from _formed(folded, _LIKELY)
    for found in _STREET.finditer(folded.text):
        if _named(text, folded, found):
            yield _span(folded, found, Kind.ADDRESS)


def _formed(folded: Folded, forms: Iterable[tuple[Kind, tuple[str, ...], re.Pattern[str]]]) -> Iterator[Span]:
    for kind, hints, pattern in forms:
        if any(hint in folded.text for hint in hints):
            for found in pattern.finditer(folded.text):
                yield _span(folded, found, kind)


def _checked(
    folded: Folded, kind: Kind, matches: Iterable[re.Match[str]], number: Callable[[str], str]
) -> Iterator[Span]:
    agrees: dict[str, bool] = {}
    for found in matches:
        bare = _bare(found[0] + found[1])
        if bare not in agrees:
            agrees[bare] = _agrees(bare, number)
        if agrees[bare]:
            yield Span(*folded.origin(found.start(), found.end(1)), kind, bare)


def _agrees(bare: str, number: Callable[[str], str]) -> bool:
    if len(set(bare)) == 1:
        return False
    try:
        number(bare)
    except ValueError:
        return False
    return True


def _span(folded: Folded, found: re.Match[str], kind: Kind) -> Span:
    value = found[1] if kind is Kind.EMAIL else _bare(found[1])
    return Span(*folded.origin(found.start(1), found.end(1)), kind, value)


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", text)


def _named(text: str, folded: Folded, found: re.Match[str]) -> bool:
    """A street has a name of its own, written with a capital: `caiu na rua há 3 dias` has none."""
    start, end = folded.origin(found.start(1), found.end(1))
    return any(word[:1].isupper() for word in text[start:end].split()[1:])
