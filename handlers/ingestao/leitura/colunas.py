"""Our name of a sender's column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from handlers.ingestao.tables.loader import table


def nome_de_campo(coluna: str, mapeamento: Mapping[str, str]) -> str:
    """What the sender mapped, else a known synonym, else the column itself in plain form."""
    if coluna.strip() in mapeamento:
        return mapeamento[coluna.strip()]
    plain = "".join(c for c in unicodedata.normalize("NFKD", coluna) if not unicodedata.combining(c))
    name = re.sub(r"\W+", "_", plain.casefold()).strip("_")
    return str(table("colunas")["sinonimos"].get(name, name))


class Nomes:
    """The names of one file's columns, each found once."""

    def __init__(self, mapeamento: Mapping[str, str]) -> None:
        self._mapeamento = mapeamento
        self._known: dict[str, str] = {}

    def __call__(self, coluna: str) -> str:
        if coluna not in self._known:
            self._known[coluna] = nome_de_campo(coluna, self._mapeamento)
        return self._known[coluna]
