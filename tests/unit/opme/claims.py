"""Requests for the tests: the domain's examples with what a test changes."""

from __future__ import annotations

from typing import Any

from handlers.opme import examples
from handlers.opme.requests import Material, Protese, Solicitacao
from shared.findings import Avaliacao

ITEM: dict[str, Any] = examples.SOLICITACAO["itens"][0]
QUOTATIONS: list[dict[str, Any]] = examples.SOLICITACAO["cotacoes"]


def without(body: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {k: v for k, v in body.items() if k not in fields}


def _present(body: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in body.items() if v is not None}


def claim(**changes: Any) -> Solicitacao:
    return Solicitacao.model_validate(_present(examples.SOLICITACAO | changes))


def prosthesis(**changes: Any) -> Protese:
    return Protese.model_validate(_present(examples.PROTESE | changes))


def supply(**changes: Any) -> Material:
    return Material.model_validate(_present(examples.MATERIAL | changes))


def codes(avaliacao: Avaliacao) -> list[str]:
    return [achado.codigo for achado in avaliacao.achados]
