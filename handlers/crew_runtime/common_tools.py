"""The readings every hospital crew may ask for. A domain's `tools.py` adds its own."""

from __future__ import annotations

from handlers.crew_runtime.case import calculations_view, findings_view, missing_view
from handlers.crew_runtime.spec import ToolSpec

COMMON_TOOLS = (
    ToolSpec(
        "consultar_achados",
        "Devolve em JSON todos os achados determinísticos do caso, com identificador, gravidade, evidência e fonte.",
        findings_view,
    ),
    ToolSpec(
        "consultar_calculos",
        "Devolve em JSON os índices, escores e valores calculados pelas regras.",
        calculations_view,
    ),
    ToolSpec(
        "consultar_dados_faltantes",
        "Devolve em JSON os campos ausentes que impediram alguma regra e o que esta versão não avalia.",
        missing_view,
    ),
)
