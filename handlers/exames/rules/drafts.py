"""Findings on their way to an id: rules yield drafts, the evaluation orders and numbers them once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.findings import Achado, Gravidade

_ORDER = {Gravidade.CRITICO: 0, Gravidade.ATENCAO: 1, Gravidade.INFO: 2}


@dataclass(frozen=True)
class Rascunho:
    """A finding without its id. `evidencia` holds the values the rule looked at, units in the keys or beside them."""

    codigo: str
    gravidade: Gravidade
    descricao: str
    evidencia: dict[str, Any]
    fonte: str
    versao: str | None = None  # of the table the finding rests on, where that is not the rules' own


def numbered(drafts: Iterable[Rascunho], version: str) -> list[Achado]:
    """The drafts as findings `A1`, `A2`, …: the gravest first, otherwise in the order the rules gave them."""
    ordered = sorted(drafts, key=lambda draft: _ORDER[draft.gravidade])
    return [
        Achado(
            id=f"A{position}",
            codigo=draft.codigo,
            gravidade=draft.gravidade,
            descricao=draft.descricao,
            evidencia=draft.evidencia,
            fonte=draft.fonte,
            versao_regra=draft.versao or version,
        )
        for position, draft in enumerate(ordered, start=1)
    ]
