"""Local limits of the audit: no norm, each hospital's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from shared.clinical.tables import Tabela


class TabelaLimites(Tabela):
    """`dispersao_maxima`: highest over lowest price of one audit; quantities in units per material."""

    fonte: str
    quantidade_incomum_por_item: Annotated[Decimal, Field(gt=0)]
    dispersao_maxima: Annotated[Decimal, Field(gt=1)]
    fabricantes_esperados: Annotated[int, Field(ge=1, le=10)]
