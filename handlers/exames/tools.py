"""What the crews of exams may consult besides the common tools."""

from __future__ import annotations

from typing import Any

from handlers.crew_runtime.case import finding_view
from handlers.crew_runtime.common_tools import COMMON_TOOLS
from handlers.crew_runtime.spec import ToolSpec
from shared.findings import Avaliacao


def _critical(evaluation: Avaliacao) -> dict[str, Any]:
    return {"achados": [finding_view(finding) for finding in evaluation.criticos]}


def _sources(evaluation: Avaliacao) -> dict[str, Any]:
    return {
        "fontes": {finding.id: finding.fonte for finding in evaluation.achados},
        "versoes_tabelas": evaluation.versoes_tabelas,
    }


TOOLS = (
    *COMMON_TOOLS,
    ToolSpec("consultar_criticos", "Devolve em JSON somente os achados críticos, que já geraram alerta.", _critical),
    ToolSpec(
        "consultar_fontes",
        "Devolve em JSON a fonte publicada de cada achado e a versão das tabelas de referência usadas.",
        _sources,
    ),
)
