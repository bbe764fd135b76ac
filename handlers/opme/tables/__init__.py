"""The tables of `opme`."""

from __future__ import annotations

from pathlib import Path

from handlers.opme.tables.alertas import PoliticaOpme
from handlers.opme.tables.anvisa import TabelaAnvisa
from handlers.opme.tables.compatibilidade import TabelaCompatibilidade
from handlers.opme.tables.feriados import TabelaFeriados
from handlers.opme.tables.limites import TabelaLimites
from handlers.opme.tables.prazos import TabelaPrazos
from shared.clinical.tables import OptionalTable, ShippedTable

_FOLDER = Path(__file__).parent

PRAZOS = ShippedTable("opme", "prazos", TabelaPrazos, _FOLDER, published=True)
FERIADOS = ShippedTable("opme", "feriados", TabelaFeriados, _FOLDER)
LIMITES = ShippedTable("opme", "limites", TabelaLimites, _FOLDER)
COMPATIBILIDADE = ShippedTable("opme", "compatibilidade", TabelaCompatibilidade, _FOLDER)
ALERTAS = ShippedTable("opme", "alertas", PoliticaOpme, _FOLDER)
ANVISA = OptionalTable("opme", "anvisa", TabelaAnvisa)

TABLES = (PRAZOS, FERIADOS, LIMITES, COMPATIBILIDADE, ALERTAS, ANVISA)
