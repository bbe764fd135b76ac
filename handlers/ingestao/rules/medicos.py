"""Deterministic findings of a file of physicians."""

from __future__ import annotations

from handlers.ingestao.requests import IngestaoMedicos
from handlers.ingestao.rules.arquivo import avaliar_arquivo
from shared.findings import Avaliacao


def avaliar(pedido: IngestaoMedicos) -> Avaliacao:
    """Read, check and dispose of every row under the `medicos` profile."""
    return avaliar_arquivo(pedido, "medicos")
