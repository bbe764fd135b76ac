"""What a known value is, judged by its form, and which of its words say who it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import combinations

from shared.clinical.identifiers import cnpj_number, cns_number, cpf_number
from shared.privacy.birth_dates import date_of
from shared.privacy.folding import fold
from shared.privacy.spans import Kind

SHORTEST_NAME = 3
SHORTEST_CODE = 5
SHORTEST_NUMBER = 7
SHORTEST_STUCK = 8  # letters that are looked for inside longer words
SHORTEST_APART = 5  # letters of one word that are looked for with gaps between them
# Brazilian surnames and parts of addresses that are also words of clinical texts; parts of everybody's e-mail.
ORDINARY_WORDS = frozenset({
    "das", "dos", "del", "dias", "alta", "branco", "rosa", "leite", "campos", "barriga", "sangue", "rua", "avenida",
    "travessa", "alameda", "praca", "rodovia", "estrada", "bairro", "centro", "casa", "apto", "apartamento", "bloco",
    "quadra", "lote", "numero", "andar", "sala", "fundos", "sao", "santa", "hospital", "clinica",
    "com", "net", "org", "gov", "gmail", "hotmail", "outlook", "yahoo",
})  # fmt: skip
CONNECTIVES = frozenset({"da", "de", "di", "do", "du", "e", "das", "dos", "del", "la", "van", "von", "com"})
TITLES = frozenset({
    "sr", "sra", "srta", "senhor", "senhora", "dona", "seu", "dr", "dra", "doutor", "doutora", "paciente",
})  # fmt: skip
_NUMBERS = ((Kind.CPF, cpf_number), (Kind.CNS, cns_number), (Kind.CNPJ, cnpj_number))
_MOST_WORDS = 12  # of one value, whose neighbours are also looked for stuck together


def kind_of(value: str) -> Kind:
    """The kind of a value that somebody listed."""
    for kind, number in _NUMBERS:
        try:
            number(value)
        except ValueError:
            continue
        return kind
    if date_of(value):
        return Kind.BIRTH
    if "@" in value:
        return Kind.EMAIL
    digits = sum(letter.isdigit() for letter in value)
    if not digits:
        return Kind.PERSON
    if not any(letter.isalpha() for letter in value):
        return Kind.PHONE if 10 <= digits <= 13 else Kind.CODE
    return Kind.ADDRESS if len(value.split()) > 2 else Kind.CODE


def runs_of(words: list[str], kind: Kind) -> Iterator[str]:
    """Neighbouring words of a value, and the first with the last, as they look stuck together."""
    whole = "".join(words)
    if len(words) > 1 and len(whole) >= SHORTEST_CODE:
        yield whole
    for first, last in combinations(range(min(len(words), _MOST_WORDS) + 1), 2):
        if last - first > 1 and len(run := "".join(words[first:last])) >= SHORTEST_STUCK:
            yield run
    if kind is Kind.PERSON and len(words) > 2 and len(ends := words[0] + words[-1]) >= SHORTEST_STUCK:
        yield ends


def numbers_of(value: str, kind: Kind) -> Iterator[str]:
    """The digits that alone point at the value, without the punctuation between them."""
    if kind in {Kind.BIRTH, Kind.ADDRESS}:
        return
    digits = "".join(letter for letter in fold(value) if letter.isdigit())
    for number in {digits, digits.lstrip("0")}:  # as a number, it has none in front
        if len(number) >= SHORTEST_NUMBER:
            yield number
    if kind is Kind.PHONE:
        yield from (digits[-length:] for length in (11, 10, 9, 8) if len(digits) > length)


def damaged_words(value: str) -> Iterator[str]:
    """Words of a name without the accented letters that a wrong character set took away: `Ant\ufffdnia`, `Ant?nia`."""
    for word in unicodedata.normalize("NFC", value).split():
        left = "".join(letter for letter in word.lower() if letter.isascii() and letter.isalpha())
        if len(left) >= SHORTEST_APART and not word.isascii():
            yield left
