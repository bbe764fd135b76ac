"""What the clinical crews may consult besides the common tools."""

from __future__ import annotations

from typing import Any

from handlers.crew_runtime.case import calculations_view, finding_view
from handlers.crew_runtime.common_tools import COMMON_TOOLS
from handlers.crew_runtime.spec import ToolSpec
from shared.findings import Avaliacao

_SCORES = ("news2", "qsofa", "charlson", "lace")
_DRUGS = ("alergia", "duplicada", "prescricao", "interacao")


def _scores(evaluation: Avaliacao) -> dict[str, Any]:
    known = calculations_view(evaluation)["calculos"]
    return {
        "escores": {name: value for name, value in known.items() if name.startswith(_SCORES)},
        "dados_faltantes": evaluation.dados_faltantes,
    }


def _drugs(evaluation: Avaliacao) -> dict[str, Any]:
    about = [finding for finding in evaluation.achados if any(word in finding.codigo for word in _DRUGS)]
    return {"achados": [finding_view(finding) for finding in about], "nao_avaliado": evaluation.nao_avaliado}


TOOLS = (
    *COMMON_TOOLS,
    ToolSpec(
        "consultar_escores",
        "Devolve em JSON os escores (NEWS2, qSOFA, Charlson, LACE) e os campos que impediram o cálculo de algum deles.",
        _scores,
    ),
    ToolSpec(
        "consultar_medicamentos",
        "Devolve em JSON os achados sobre alergias e duplicidades da prescrição e o que não foi avaliado.",
        _drugs,
    ),
)
