"""A row's cells as a patient or a physician in normal form, or every reason why they are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from handlers.ingestao.rules import valores
from handlers.ingestao.rules.valores import MEDIDAS, ZEROS_PERDIDOS
from shared.privacy.blind_index import IdentifierKind, record_number
from shared.register.records import Identifier, Kind, Person

CPF, CNS, RECORD, COUNCIL = (
    IdentifierKind.CPF,
    IdentifierKind.CNS,
    IdentifierKind.RECORD,
    IdentifierKind.COUNCIL,
)
PATIENT = ("nome", "nome_social", "nome_mae", "data_nascimento", "sexo", "cpf", "cns", "prontuario")
PHYSICIAN = ("nome", "data_nascimento", "crm", "uf", "cpf", "cns")
_NO_IDENTIFIER = "identificador_ausente"
FORMULA_KEPT = "formula_em_coluna_extra"  # a remark: the cell is data here, and dangerous only in a spreadsheet
_EXTRA_MAX = 1000

Lido = tuple[Person | None, tuple[str, ...]]
"""A person and remarks, or None and the reasons."""


@dataclass(frozen=True, slots=True)
class Leitura:
    """How a file is to be understood. `escopo` says whose record numbers they are; `hoje` bounds birth dates."""

    formato_data: str | None
    escopo: str
    hoje: date
    tipos: frozenset[Kind]


def paciente(leitura: Leitura, celulas: tuple[str, ...], extra: dict[str, str] | None) -> Lido:
    """`celulas` in the order of PATIENT, stripped, "" where the row says nothing."""
    nome, social, mae, nasc, sexo, cpf, cns, prontuario = celulas
    erros: list[str] = []
    avisos: list[str] = []
    identifiers: list[Identifier] = []
    nome_ok = _required_name(nome, erros)
    social_ok = _checked(valores.nome(social, "nome_social"), erros) if social else None
    mae_ok = _checked(valores.nome(mae, "nome_mae"), erros) if mae else None
    nasc_ok = _birth(leitura, nasc, erros)
    if nasc_ok is None and not nasc:
        erros.append("data_nascimento_ausente")
    sexo_ok = _checked(valores.sexo(sexo), erros) if sexo else None
    cpf_ok = _cpf(cpf, erros, avisos, identifiers) if cpf else None
    cns_ok = _identifier(CNS, valores.cns(cns), erros, identifiers) if cns else None
    prontuario_ok = _checked(valores.prontuario(prontuario), erros) if prontuario else None
    if prontuario_ok:
        identifiers.append((RECORD, f"{leitura.escopo} {record_number(prontuario_ok)}"))
    if not (cpf or cns or prontuario):
        erros.append(_NO_IDENTIFIER)
    if extra:
        _check_extra(extra, erros, avisos)
    if erros:
        return None, tuple(dict.fromkeys(erros))
    values = (nome_ok, social_ok, mae_ok, nasc_ok, sexo_ok, cpf_ok, cns_ok, prontuario_ok)
    return Person(Kind.PATIENT, values, extra, tuple(identifiers)), tuple(avisos)


def medico(leitura: Leitura, celulas: tuple[str, ...], extra: dict[str, str] | None) -> Lido:
    """`celulas` in the order of PHYSICIAN. The council number with its state is what names a physician."""
    nome, nasc, crm, uf, cpf, cns = celulas
    erros: list[str] = []
    avisos: list[str] = []
    identifiers: list[Identifier] = []
    nome_ok = _required_name(nome, erros)
    nasc_ok = _birth(leitura, nasc, erros)
    crm_ok, uf_ok = _required("crm", crm, erros), _required("uf", uf, erros)
    if crm_ok and uf_ok:
        identifiers.append((COUNCIL, f"{uf_ok} {crm_ok}"))
    cpf_ok = _cpf(cpf, erros, avisos, identifiers) if cpf else None
    cns_ok = _identifier(CNS, valores.cns(cns), erros, identifiers) if cns else None
    if extra:
        _check_extra(extra, erros, avisos)
    if erros:
        return None, tuple(dict.fromkeys(erros))
    return Person(Kind.PHYSICIAN, (nome_ok, nasc_ok, crm_ok, uf_ok, cpf_ok, cns_ok), extra, tuple(identifiers)), tuple(
        avisos
    )


def de_campos(leitura: Leitura, campos: Mapping[str, str]) -> Lido:
    """A record given by field names. In a mixed file a council number makes it a physician."""
    kind = _kind(leitura, bool(campos.get("crm")))
    names = PATIENT if kind is Kind.PATIENT else PHYSICIAN
    extra = {name: text for name, text in campos.items() if text and name not in names} or None
    build = paciente if kind is Kind.PATIENT else medico
    return build(leitura, tuple(campos.get(name, "") for name in names), extra)


def _kind(leitura: Leitura, has_council: bool) -> Kind:
    if len(leitura.tipos) == 1:
        return next(iter(leitura.tipos))
    return Kind.PHYSICIAN if has_council else Kind.PATIENT


def _checked(answer: tuple[Any, str | None], erros: list[str]) -> Any:
    value, code = answer
    if code:
        erros.append(code)
    return value


def _required_name(texto: str, erros: list[str]) -> str | None:
    if not texto:
        erros.append("nome_ausente")
        return None
    found: str | None = _checked(valores.nome(texto, "nome"), erros)
    return found


def _required(coluna: str, texto: str, erros: list[str]) -> str | None:
    if not texto:
        erros.append(f"{coluna}_ausente")
        return None
    found: str | None = _checked(valores.crm(texto) if coluna == "crm" else valores.uf(texto), erros)
    return found


def _birth(leitura: Leitura, texto: str, erros: list[str]) -> date | None:
    if not texto:
        return None
    found, code = valores.nascimento(texto, leitura.formato_data)
    if found is not None and found > leitura.hoje:
        found, code = None, "data_futura"
    if code:
        erros.append(code)
    return found


def _cpf(texto: str, erros: list[str], avisos: list[str], identifiers: list[Identifier]) -> str | None:
    found, code, lost = valores.cpf(texto)
    if lost:
        avisos.append(ZEROS_PERDIDOS)
    return _identifier(CPF, (found, code), erros, identifiers)


def _identifier(
    kind: IdentifierKind, answer: tuple[str | None, str | None], erros: list[str], identifiers: list[Identifier]
) -> str | None:
    value, code = answer
    if value is not None:
        identifiers.append((kind, value))
    elif code:
        erros.append(code)
    return value


def _check_extra(extra: dict[str, str], erros: list[str], avisos: list[str]) -> None:
    """Columns that nobody mapped are kept as they came, within bounds."""
    for name, texto in extra.items():
        if len(texto) > _EXTRA_MAX:
            erros.append("texto_longo")
        elif valores.e_formula(texto) and FORMULA_KEPT not in avisos:
            avisos.append(FORMULA_KEPT)
        if name in MEDIDAS:
            value = _checked(valores.medida(texto, name), erros)
            extra[name] = value or texto
