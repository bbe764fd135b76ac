"""The tables of `clinico`: published instruments, and what each hospital may put in place of ours."""

from __future__ import annotations

from pathlib import Path

from handlers.clinico.tables.alertas import PoliticaClinica
from handlers.clinico.tables.farmacia import TabelaGrupos, TabelaInteracoes
from handlers.clinico.tables.instrumentos import TabelaCharlson, TabelaLace, TabelaNews2, TabelaQsofa
from handlers.clinico.tables.resposta import TabelaResposta
from handlers.clinico.tables.sinais import TabelaSinais
from shared.clinical.tables import OptionalTable, ShippedTable

_FOLDER = Path(__file__).parent

NEWS2 = ShippedTable("clinico", "news2", TabelaNews2, _FOLDER, published=True)
QSOFA = ShippedTable("clinico", "qsofa", TabelaQsofa, _FOLDER, published=True)
CHARLSON = ShippedTable("clinico", "charlson", TabelaCharlson, _FOLDER, published=True)
LACE = ShippedTable("clinico", "lace", TabelaLace, _FOLDER, published=True)
RESPOSTA = ShippedTable("clinico", "resposta", TabelaResposta, _FOLDER)
SINAIS = ShippedTable("clinico", "sinais", TabelaSinais, _FOLDER)
ALERTAS = ShippedTable("clinico", "alertas", PoliticaClinica, _FOLDER)
INTERACOES = OptionalTable("clinico", "interacoes", TabelaInteracoes)
GRUPOS = OptionalTable("clinico", "grupos_alergia", TabelaGrupos)

TABLES = (NEWS2, QSOFA, CHARLSON, LACE, RESPOSTA, SINAIS, ALERTAS, INTERACOES, GRUPOS)
