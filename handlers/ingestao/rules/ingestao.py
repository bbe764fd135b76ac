"""Deterministic findings of a file of records of no stated kind."""

from __future__ import annotations

from handlers.ingestao.requests import Ingestao
from handlers.ingestao.rules.arquivo import avaliar_arquivo
from shared.findings import Avaliacao


def avaliar(pedido: Ingestao) -> Avaliacao:
    """Read, check and dispose of every row under the `ingestao` profile."""
    return avaliar_arquivo(pedido, "ingestao")
