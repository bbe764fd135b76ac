"""What the worker runs for each OPME event. An incomplete request stops at the gate, before any model."""

from __future__ import annotations

from handlers.crew_handler import CrewHandler
from handlers.opme.crew import CREWS
from handlers.opme.rules import material, protese, solicitacao
from shared.execution import Handler
from shared.findings import Avaliacao


def _complete(evaluation: Avaliacao) -> bool:
    return evaluation.calculos["completo"] is True


HANDLERS: dict[str, Handler] = {
    "solicitacao": CrewHandler(solicitacao.avaliar, CREWS["solicitacao"], gate=_complete),
    "protese": CrewHandler(protese.avaliar, CREWS["protese"], gate=_complete),
    "material": CrewHandler(material.avaliar, CREWS["material"], gate=_complete),
}
