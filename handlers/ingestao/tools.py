"""What the ingestion crews may consult besides the common tools. Rows never reach a model, only counts and codes."""

from __future__ import annotations

from typing import Any

from handlers.crew_runtime.case import finding_view
from handlers.crew_runtime.common_tools import COMMON_TOOLS
from handlers.crew_runtime.spec import ToolSpec
from shared.findings import Avaliacao


def _clusters(evaluation: Avaliacao) -> dict[str, Any]:
    codes = dict.fromkeys(finding.codigo for finding in evaluation.achados)
    return {
        "grupos": {code: [item.id for item in evaluation.achados if item.codigo == code] for code in codes},
        "achados": [finding_view(finding) for finding in evaluation.achados],
    }


TOOLS = (
    *COMMON_TOOLS,
    ToolSpec(
        "consultar_grupos_de_erros",
        "Devolve em JSON os achados da carga agrupados por código, com contagens e sem nenhuma linha do arquivo.",
        _clusters,
    ),
)
