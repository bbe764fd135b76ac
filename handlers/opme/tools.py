"""What the OPME crews may consult besides the common tools."""

from __future__ import annotations

from typing import Any

from handlers.crew_runtime.case import calculations_view, finding_view
from handlers.crew_runtime.common_tools import COMMON_TOOLS
from handlers.crew_runtime.spec import ToolSpec
from shared.findings import Avaliacao

_ADMINISTRATIVE = ("solicitacao", "prazo")


def _deadlines(evaluation: Avaliacao) -> dict[str, Any]:
    known = calculations_view(evaluation)["calculos"]
    return {
        "prazos": {name: value for name, value in known.items() if "prazo" in name},
        "achados": [
            finding_view(finding) for finding in evaluation.achados if finding.codigo.startswith(_ADMINISTRATIVE)
        ],
    }


def _bases(evaluation: Avaliacao) -> dict[str, Any]:
    return {
        "fundamentos": {finding.id: finding.fonte for finding in evaluation.achados},
        "versoes_tabelas": evaluation.versoes_tabelas,
    }


TOOLS = (
    *COMMON_TOOLS,
    ToolSpec("consultar_prazos", "Devolve em JSON os prazos calculados e os achados administrativos.", _deadlines),
    ToolSpec("consultar_fundamentos", "Devolve em JSON a norma ou tabela em que cada achado se apoia.", _bases),
)
