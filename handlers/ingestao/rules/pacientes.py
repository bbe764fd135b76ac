"""Deterministic findings of a file of patients."""

from __future__ import annotations

from handlers.ingestao.requests import IngestaoPacientes
from handlers.ingestao.rules.arquivo import avaliar_arquivo
from shared.findings import Avaliacao


def avaliar(pedido: IngestaoPacientes) -> Avaliacao:
    """Read, check and dispose of every row under the `pacientes` profile."""
    return avaliar_arquivo(pedido, "pacientes")
