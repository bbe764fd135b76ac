"""Which days are no business days: national and state holidays from the `holidays` package, others from this table."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.clinical.identifiers import Cnes, Uf
from shared.clinical.tables import Linha, Tabela


class DiaSemExpediente(Linha):
    """A municipal or optional holiday, for one establishment or, without `cnes`, for all."""

    data: date
    nome: Annotated[str, Field(min_length=3, max_length=120)]
    cnes: Cnes | None = None


class TabelaFeriados(Tabela):
    """`uf` is where the house stands; `uf_por_cnes` tells establishments of other states apart.

    Without either, only national holidays count.
    """

    fonte: str
    uf: Uf | None = None
    uf_por_cnes: dict[Cnes, Uf] = {}
    datas: tuple[DiaSemExpediente, ...] = ()

    def state_of(self, cnes: str | None) -> Uf | None:
        """The state whose holidays hold for an establishment, or None where nobody has said."""
        return self.uf_por_cnes.get(cnes or "", self.uf)

    def local_dates(self, cnes: str | None) -> frozenset[date]:
        return frozenset(row.data for row in self.datas if row.cnes in (None, cnes))
