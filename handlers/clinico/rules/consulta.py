"""Deterministic findings of an encounter."""

from __future__ import annotations

from handlers.clinico.requests import Consulta
from handlers.clinico.rules.atendimento import avaliar_atendimento
from shared.findings import Avaliacao


def avaliar(pedido: Consulta) -> Avaliacao:
    """NEWS2, qSOFA, allergies, duplicates and Charlson at the time of the encounter."""
    return avaliar_atendimento(pedido, pedido.cids, "cids")
