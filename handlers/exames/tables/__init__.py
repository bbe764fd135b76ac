"""The clinical tables of exams: versioned data, typed and validated, that rules take their numbers from."""

from __future__ import annotations

from pathlib import Path

from handlers.exames.tables.alertas import PoliticaExames
from handlers.exames.tables.catalogo import TabelaCatalogo
from handlers.exames.tables.filtracao import TabelaFiltracao
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.hl7 import HL7
from handlers.exames.tables.imagem import TabelaImagem
from shared.clinical.tables import ShippedTable

_FOLDER = Path(__file__).parent

HEMOGRAMA = ShippedTable("exames", "hemograma", TabelaHemograma, _FOLDER)
IMAGEM = ShippedTable("exames", "imagem", TabelaImagem, _FOLDER)
FILTRACAO = ShippedTable("exames", "filtracao", TabelaFiltracao, _FOLDER, published=True)
CATALOGO = ShippedTable("exames", "catalogo", TabelaCatalogo, _FOLDER)
ALERTAS = ShippedTable("exames", "alertas", PoliticaExames, _FOLDER)

TABLES = (HEMOGRAMA, IMAGEM, FILTRACAO, CATALOGO, ALERTAS, HL7)
