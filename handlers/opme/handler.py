"""What the worker runs for each OPME event. An incomplete request stops at the gate, before any model."""

from __future__ import annotations

from handlers.crew_handler import CrewHandler
from handlers.opme.crew import CREWS
from handlers.opme.rules import material, protese, solicitacao
from handlers.opme.tables import ALERTAS
from shared.clinical.alert_policy import under_policy
from shared.execution import Handler
from shared.findings import Avaliacao


def _complete(evaluation: Avaliacao) -> bool:
    return evaluation.calculos["completo"] is True


HANDLERS: dict[str, Handler] = {
    "solicitacao": CrewHandler(under_policy(solicitacao.avaliar, ALERTAS), CREWS["solicitacao"], gate=_complete),
    "protese": CrewHandler(under_policy(protese.avaliar, ALERTAS), CREWS["protese"], gate=_complete),
    "material": CrewHandler(under_policy(material.avaliar, ALERTAS), CREWS["material"], gate=_complete),
}
