"""What the worker runs for each clinical event."""

from __future__ import annotations

from handlers.clinico.crew import CREWS
from handlers.clinico.rules import alta, consulta, internacao
from handlers.crew_handler import CrewHandler
from shared.execution import Handler

HANDLERS: dict[str, Handler] = {
    "consulta": CrewHandler(consulta.avaliar, CREWS["consulta"]),
    "internacao": CrewHandler(internacao.avaliar, CREWS["internacao"]),
    "alta": CrewHandler(alta.avaliar, CREWS["alta"]),
}
