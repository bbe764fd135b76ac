"""Exactly one disposition per row.

There is no master register behind this version, so nothing is called inserted or updated: a good row is `apta`. What
the file alone can tell is told: repeated rows, rows that contradict each other about one person, and bad rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.ingestao.rules.linhas import Linha
from handlers.ingestao.rules.valores import Conferencia, conferir


class Disposicao(StrEnum):
    """What becomes of a row. All four are terminal and exclude each other."""

    APTA = "apta"  # valid, waits for the linkage with the master register
    DUPLICADA = "duplicada"  # same identifier and same content as an earlier row
    AMBIGUA = "ambigua"  # shares an identifier with a row of other content: a person decides
    REJEITADA = "rejeitada"  # unreadable or invalid; `codigos` says why


@dataclass(frozen=True)
class LinhaAvaliada:
    """A row's number, its disposition, the codes behind it, and flags that did not change it. No content."""

    numero: int
    disposicao: Disposicao
    codigos: tuple[str, ...] = ()
    avisos: tuple[str, ...] = ()


@dataclass
class _Grupo:
    """What is known of all rows with one identifier. Kept as sets so that a file of one person stays linear."""

    primeira: int
    conteudos: set[tuple] = field(default_factory=set)
    concordancia: dict[str, set[str]] = field(default_factory=dict)


def dispor(linhas: Iterable[Linha], perfil: Mapping[str, list], formato_data: str | None) -> list[LinhaAvaliada]:
    """One evaluated row per row read, in the file's order."""
    checked = [(linha, conferir(linha.campos, perfil, formato_data)) for linha in linhas]
    groups: dict[tuple, _Grupo] = {}
    for i, (linha, conferencia) in enumerate(checked):
        if not linha.erro and not conferencia.erros:
            _join(groups, i, conferencia, perfil)
    return [_decide(i, *pair, groups, perfil) for i, pair in enumerate(checked)]


def _join(groups: dict[tuple, _Grupo], i: int, conferencia: Conferencia, perfil: Mapping[str, list]) -> None:
    for key in _keys_of(conferencia, perfil["chaves"]):
        group = groups.setdefault(key, _Grupo(primeira=i))
        group.conteudos.add(_content(conferencia))
        for name in perfil["concordancia"]:
            group.concordancia.setdefault(name, set()).add(conferencia.valores.get(name, ""))


def _keys_of(conferencia: Conferencia, keys: Sequence[Sequence[str]]) -> list[tuple]:
    values = conferencia.valores
    named = [(*key, *(values[name] for name in key)) for key in keys if all(values.get(name) for name in key)]
    # A row without any identifier can still be the literal repetition of another.
    return named or [("conteudo", _content(conferencia))]


def _content(conferencia: Conferencia) -> tuple:
    return tuple(sorted((name, value) for name, value in conferencia.valores.items() if value))


def _decide(
    i: int, linha: Linha, conferencia: Conferencia, groups: Mapping[tuple, _Grupo], perfil: Mapping[str, list]
) -> LinhaAvaliada:
    codes = (linha.erro,) if linha.erro else conferencia.erros
    if codes:
        return LinhaAvaliada(linha.numero, Disposicao.REJEITADA, codes)
    own = [groups[key] for key in _keys_of(conferencia, perfil["chaves"])]
    conflict = _conflict(own, perfil["concordancia"])
    if conflict:
        return LinhaAvaliada(linha.numero, Disposicao.AMBIGUA, (conflict,), conferencia.avisos)
    if any(group.primeira < i for group in own):
        return LinhaAvaliada(linha.numero, Disposicao.DUPLICADA, ("repetida_no_arquivo",), conferencia.avisos)
    return LinhaAvaliada(linha.numero, Disposicao.APTA, (), conferencia.avisos)


def _conflict(own: list[_Grupo], must_agree: Sequence[str]) -> str | None:
    """Why rows of one identifier contradict each other: a field that must agree, or any other content."""
    for name in must_agree:
        if any(len(group.concordancia[name]) > 1 for group in own):
            return f"{name}_divergente"
    return "conteudo_divergente" if any(len(group.conteudos) > 1 for group in own) else None
