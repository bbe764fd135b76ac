"""Deterministic findings of a request for a prosthesis."""

from __future__ import annotations

from handlers.opme.requests import Protese
from handlers.opme.rules.solicitacao import concluir, examinar
from handlers.opme.rules.udi import avaliar_udi
from shared.findings import Avaliacao


def avaliar(pedido: Protese) -> Avaliacao:
    """The findings of every request; side, size and material of the implant belong to its completeness."""
    saida = examinar(pedido, ("lado", "dimensao", "material"))
    avaliar_udi(pedido, saida)
    return concluir(saida)
