"""Brazilian identifiers: one normal form each, and who may refuse what.

Each function returns the normal form ([0-9A-Z], no mask) or raises `ValueError` with a Portuguese reason that
never repeats the value. CPF, CNPJ and CNS check digits refuse; CNES, SIGTAP and TUSS check digits only warn, because
they are empirical (nine official TUSS codes fail theirs): ask `*_check_digit_agrees`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator
from validate_docbr import CNPJ, CNS, CPF

# What people and spreadsheets put between digits: ASCII separators, no-break space, Unicode hyphens.
_SEPARATORS = re.compile("[ .\\-/\u00a0\u2010-\u2013]")
_CID10 = re.compile(r"([A-Z][0-9]{2})(?:\.?([0-9X]))?")
_CRM = re.compile(r"[0-9]{1,7}P?")


def normalise(text: str) -> str:
    """`text` as [0-9A-Z], without separators. Raises ValueError when another character is left.

    ASCII is asked for before upper-casing: full-width digits and letters such as the dotless i would otherwise
    turn into a different, valid-looking identifier.
    """
    bare = _SEPARATORS.sub("", text.strip())
    if not bare.isascii() or not bare.isalnum():
        raise ValueError("use somente letras e algarismos ASCII, com ou sem a máscara usual")
    return bare.upper()


def _digits(text: str, length: int, name: str) -> str:
    bare = normalise(text)
    if len(bare) != length or not bare.isdigit():
        raise ValueError(f"{name} deve ter {length} algarismos")
    return bare


def _mod11_digit(body: str, first_weight: int) -> int:
    """Weighted sum from `first_weight` downwards; 11 - sum mod 11, where 10 and 11 become 0."""
    digit = 11 - sum(int(d) * (first_weight - i) for i, d in enumerate(body)) % 11
    return 0 if digit >= 10 else digit


def _last_digit_agrees(number: str) -> bool:
    return int(number[-1]) == _mod11_digit(number[:-1], len(number))


def cpf_number(text: str) -> str:
    """11 digits with right check digits (Receita Federal); eleven equal digits are refused."""
    number = _digits(text, 11, "CPF")
    if len(set(number)) == 1 or not CPF().validate(number):
        raise ValueError("CPF com dígito verificador inválido")
    return number


def cnpj_number(text: str) -> str:
    """12 [0-9A-Z] and 2 check digits; alphanumeric since July 2026 (IN RFB 2.229/2024)."""
    number = normalise(text)
    if len(number) != 14 or not number[12:].isdigit():
        raise ValueError("CNPJ deve ter 12 caracteres e 2 dígitos verificadores")
    if not CNPJ().validate(number):
        raise ValueError("CNPJ com dígito verificador inválido")
    return number


def cns_number(text: str) -> str:
    """15 digits by the full rule: 1 and 2 are definitive (rebuilt from the PIS), 7, 8 and 9 provisional."""
    number = _digits(text, 15, "CNS")
    if number[0] not in "12789":
        raise ValueError("CNS deve começar com 1, 2, 7, 8 ou 9")
    if not CNS().validate(number):
        raise ValueError("CNS com dígito verificador inválido")
    return number


def cnes_number(text: str) -> str:
    """7 digits of a health establishment; format only."""
    return _digits(text, 7, "CNES")


def sigtap_code(text: str) -> str:
    """10 digits of a SUS procedure; format only."""
    return _digits(text, 10, "código SIGTAP")


def tuss_code(text: str) -> str:
    """8 digits of a TUSS term; format only."""
    return _digits(text, 8, "código TUSS")


def sigtap_check_digit_agrees(number: str) -> bool:
    """False is worth a warning, never a refusal (empirical: 4 615 of 4 615 agree, Oct/2025)."""
    return _last_digit_agrees(number)


def tuss_check_digit_agrees(number: str) -> bool:
    """False is worth a warning, never a refusal (empirical: 5 842 of 5 851 in table 22 agree)."""
    return _last_digit_agrees(number)


def cid10_code(text: str) -> str:
    """A CID-10 code in its dotted form (`J18.9`, `I10`). Format only: existence needs the DATASUS table."""
    match = _CID10.fullmatch(text.strip().upper())
    if match is None or not text.isascii():
        raise ValueError("CID-10 deve ter uma letra, dois algarismos e no máximo uma subcategoria")
    category, subcategory = match.groups()
    return f"{category}.{subcategory}" if subcategory else category


def is_cid10(text: str) -> bool:
    """Whether `cid10_code` takes it; a reader of documents leaves out, and reports, what it does not take."""
    return text.isascii() and _CID10.fullmatch(text.strip().upper()) is not None


def cid10_compact(code: str) -> str:
    """`J18.9` as `J189`, the form in which prefix tables are written."""
    return code.replace(".", "")


def crm_number(text: str) -> str:
    """1 to 7 digits, with the suffix P of a provisional registration if there is one (CFM ◇); format only."""
    number = normalise(text)
    if not _CRM.fullmatch(number):
        raise ValueError("CRM deve ter de 1 a 7 algarismos, com sufixo P se provisório")
    return number


def cbo_code(text: str) -> str:
    """6 digits of an occupation (CBO 2002); format only."""
    return _digits(text, 6, "CBO")


def anvisa_registration_format_agrees(text: str) -> bool:
    """True for 11 digits whose first is 8 or 1 (AFE 7 + sequence 4 ◇). False only warns: the base decides."""
    return re.fullmatch(r"[81][0-9]{10}", _SEPARATORS.sub("", text.strip())) is not None


Cpf = Annotated[str, AfterValidator(cpf_number)]
Cnpj = Annotated[str, AfterValidator(cnpj_number)]
Cns = Annotated[str, AfterValidator(cns_number)]
Cnes = Annotated[str, AfterValidator(cnes_number)]
Cid10 = Annotated[str, AfterValidator(cid10_code)]
Crm = Annotated[str, AfterValidator(crm_number)]
Cbo = Annotated[str, AfterValidator(cbo_code)]
Uf = Literal[
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA",
    "PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
]  # fmt: skip
