"""One column's text in its normal form, or the code of what is wrong. A code names the column, never its content.

Every function answers `(value, code)`, of which one is None; remarks that do not reject a row are in `AVISOS`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import get_args

from handlers.ingestao.rules.identificadores import cns_confere, cpf_confere
from shared.clinical.identifiers import Uf, crm_number, normalise

ZEROS_PERDIDOS = "cpf_zeros_a_esquerda_perdidos"
FORMULA = "formula_suspeita"
_WRITTEN = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/[0-9]{4}")
_LAST_MONTH = "12"
_EARLIEST_YEAR = 1900
_CPF, _CNS = 11, 15
_SHORTEST_CPF_AFTER_LOSS = 8  # a spreadsheet drops the zeros in front; four or more are rarer than typing errors
_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+", re.IGNORECASE)
_STARTS_FORMULA = frozenset("=+-@\t\r")
_NAME_MAX, _RECORD_MAX = 120, 40
_SEXES = {"M": "M", "F": "F", "MASCULINO": "M", "FEMININO": "F", "MALE": "M", "FEMALE": "F"}
_SEX_UNKNOWN = frozenset({"I", "IGNORADO", "U", "UNKNOWN", "O", "OTHER", "INDETERMINADO"})
_UFS = frozenset(get_args(Uf))
_DECIMAL = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,3})?")
MEDIDAS = frozenset({"peso_kg", "altura_cm"})

Conferido = tuple[str | None, str | None]


def nascimento(texto: str, formato_data: str | None) -> tuple[date | None, str | None]:
    """Codes: `data_ambigua`, `data_formato`, `data_inexistente`, `data_implausivel`.

    A slashed date whose first two numbers could both be months is ambiguous unless the sender declared dd/mm/aaaa.
    """
    if not _WRITTEN.fullmatch(texto):
        return None, "data_formato"
    if texto[2] == "/":
        day, month = texto[:2], texto[3:5]
        if formato_data == "iso":
            return None, "data_formato"
        if formato_data is None and day <= _LAST_MONTH and month <= _LAST_MONTH and day != month:
            return None, "data_ambigua"
        texto = f"{texto[6:]}-{month}-{day}"
    try:
        found = date.fromisoformat(texto)
    except ValueError:
        return None, "data_inexistente"
    return (found, None) if found.year >= _EARLIEST_YEAR else (None, "data_implausivel")


def cpf(texto: str) -> tuple[str | None, str | None, bool]:
    """11 digits. The last part of the answer: zeros in front were lost and put back, and the check digits agree."""
    numero = texto.replace(".", "").replace("-", "")
    lost = False
    if not (len(numero) == _CPF and numero.isascii() and numero.isdigit()):
        if _SCIENTIFIC.fullmatch(texto):
            return None, "cpf_notacao_cientifica", False
        numero = _bare(texto)
        if not numero.isdigit():
            return None, "cpf_invalido", False
        lost = _SHORTEST_CPF_AFTER_LOSS <= len(numero) < _CPF and texto.strip() == numero
        numero = numero.zfill(_CPF) if lost else numero
    if len(numero) != _CPF or not cpf_confere(numero):
        return None, "cpf_invalido", False
    return numero, None, lost


def cns(texto: str) -> Conferido:
    """15 digits."""
    numero = texto if len(texto) == _CNS else texto.replace(" ", "")
    if not (len(numero) == _CNS and numero.isascii() and numero.isdigit()):
        if _SCIENTIFIC.fullmatch(texto):
            return None, "cns_notacao_cientifica"
        numero = _bare(texto)
        if len(numero) != _CNS or not numero.isdigit():
            return None, "cns_invalido"
    return (numero, None) if cns_confere(numero) else (None, "cns_invalido")


def nome(texto: str, coluna: str) -> Conferido:
    """A name with single spaces. A cell that a spreadsheet would run as a formula is no name."""
    if texto[0] in _STARTS_FORMULA:
        return None, FORMULA
    if "  " in texto or not texto.isprintable():
        texto = " ".join(texto.split())
        if not texto.isprintable():
            return None, "caractere_de_controle"
    if len(texto) > _NAME_MAX:
        return None, f"{coluna}_longo"
    if texto[0].isalpha() and not texto[0].isnumeric():
        return texto, None
    # A number where a name belongs: columns have shifted.
    return (
        (texto, None) if not texto.replace(" ", "").isnumeric() and _has_letter(texto) else (None, f"{coluna}_invalido")
    )


def prontuario(texto: str) -> Conferido:
    """A chart's number as its origin writes it."""
    if texto[0] in _STARTS_FORMULA:
        return None, FORMULA
    valid = len(texto) <= _RECORD_MAX and texto.isprintable()
    return (texto, None) if valid else (None, "prontuario_invalido")


def sexo(texto: str) -> Conferido:
    """M or F; both parts None where the origin says that it does not know."""
    word = texto.upper()
    if word in _SEXES:
        return _SEXES[word], None
    return (None, None) if word in _SEX_UNKNOWN else (None, "sexo_invalido")


def crm(texto: str) -> Conferido:
    """A physician's council number; format only."""
    try:
        return crm_number(texto), None
    except ValueError:
        return None, "crm_invalido"


def uf(texto: str) -> Conferido:
    """The state of a council."""
    return (texto.upper(), None) if texto.upper() in _UFS else (None, "uf_invalida")


def medida(texto: str, coluna: str) -> Conferido:
    """A decimal number with a point: `70,5` and `70.5` are the same weight."""
    return (texto.replace(",", "."), None) if _DECIMAL.fullmatch(texto) else (None, f"{coluna}_invalido")


def e_formula(texto: str) -> bool:
    """Whether a spreadsheet would run the cell; a signed number is none."""
    return texto[0] in "=@\t\r" or (texto[0] in "+-" and not texto[1:2].isdigit() and len(texto) > 1)


def _bare(texto: str) -> str:
    try:
        return normalise(texto)
    except ValueError:
        return ""


def _has_letter(texto: str) -> bool:
    return any(map(str.isalpha, texto))
