"""One row's values: normal form, or the code of what is wrong. Codes carry the column's name, never its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import get_args

from shared.clinical.identifiers import Uf, cnes_number, cns_number, cpf_number, crm_number

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SLASHED = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_LAST_MONTH = 12
_EARLIEST_YEAR = 1900
_CPF_LENGTH = 11
_SHORTEST_CPF_AFTER_LOSS = (
    8  # a spreadsheet drops at most the zeros in front; three or more are rarer than typing errors
)


class ValorInvalido(ValueError):
    """A value that rejects its row; `codigo` says why."""

    def __init__(self, codigo: str) -> None:
        super().__init__(codigo)
        self.codigo = codigo


@dataclass(frozen=True)
class Conferencia:
    """A row after checking: normal values, reasons to reject it, and flags that do not."""

    valores: dict[str, str]
    erros: tuple[str, ...]
    avisos: tuple[str, ...]


def data_iso(texto: str, formato_data: str | None) -> str:
    """`texto` as YYYY-MM-DD. Raises ValorInvalido: `data_ambigua`, `data_formato` or `data_inexistente`.

    A slashed date whose first two numbers could both be months is ambiguous unless the sender declared dd/mm/aaaa.
    """
    iso, slashed = _ISO.fullmatch(texto), _SLASHED.fullmatch(texto)
    if iso:
        year, month, day = map(int, iso.groups())
    elif slashed and formato_data != "iso":
        day, month, year = map(int, slashed.groups())
        if formato_data is None and day <= _LAST_MONTH and month <= _LAST_MONTH and day != month:
            raise ValorInvalido("data_ambigua")
    else:
        raise ValorInvalido("data_formato")
    try:
        found = date(year, month, day)
    except ValueError:
        raise ValorInvalido("data_inexistente") from None
    if year < _EARLIEST_YEAR:
        raise ValorInvalido("data_implausivel")
    return found.isoformat()


def _by(check: Callable[[str], str], code: str) -> Callable[[str], str]:
    def checked(text: str) -> str:
        try:
            return check(text)
        except ValueError:
            raise ValorInvalido(code) from None

    return checked


def _one_of(options: Iterable[str], code: str) -> Callable[[str], str]:
    allowed = frozenset(options)

    def checked(text: str) -> str:
        if text.upper() not in allowed:
            raise ValorInvalido(code)
        return text.upper()

    return checked


_CHECKS: dict[str, Callable[[str], str]] = {
    "cpf": _by(cpf_number, "cpf_invalido"),
    "cns": _by(cns_number, "cns_invalido"),
    "crm": _by(crm_number, "crm_invalido"),
    "cnes": _by(cnes_number, "cnes_invalido"),
    "uf": _one_of(get_args(Uf), "uf_invalida"),
    "sexo": _one_of(("M", "F"), "sexo_invalido"),
}


def _with_lost_zeros(cpf: str) -> str:
    bare = cpf.strip()
    lost = bare.isascii() and bare.isdigit() and _SHORTEST_CPF_AFTER_LOSS <= len(bare) < _CPF_LENGTH
    return bare.zfill(_CPF_LENGTH) if lost else cpf


def conferir(campos: Mapping[str, str], perfil: Mapping[str, list], formato_data: str | None) -> Conferencia:
    """Check every known column of a row; unknown columns are kept as they are."""
    valores, avisos = dict(campos), list[str]()
    erros = [f"{nome}_ausente" for nome in perfil["obrigatorias"] if not campos.get(nome)]
    identifiers = perfil["identificadores"]
    if identifiers and not any(campos.get(nome) for nome in identifiers):
        erros.append("identificador_ausente")
    for nome, texto in campos.items():
        if not texto:
            continue
        try:
            valores[nome] = _normal(nome, texto, formato_data, avisos)
        except ValorInvalido as problem:
            erros.append(problem.codigo)
    return Conferencia(valores, tuple(dict.fromkeys(erros)), tuple(avisos))


def _normal(nome: str, texto: str, formato_data: str | None, avisos: list[str]) -> str:
    if nome == "data_nascimento":
        return data_iso(texto, formato_data)
    if nome == "cpf" and (padded := _with_lost_zeros(texto)) != texto:
        # The check digits decide whether the padded number is right; the flag tells people that it was padded.
        valor = _CHECKS["cpf"](padded)
        avisos.append("cpf_zeros_a_esquerda_perdidos")
        return valor
    check = _CHECKS.get(nome)
    return check(texto) if check else texto
