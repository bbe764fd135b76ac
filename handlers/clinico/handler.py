"""What the worker runs for each clinical event."""

from __future__ import annotations

from handlers.clinico.crew import CREWS
from handlers.clinico.rules import alta, consulta, internacao
from handlers.clinico.tables import ALERTAS
from handlers.crew_handler import CrewHandler
from shared.clinical.alert_policy import under_policy
from shared.execution import Handler

HANDLERS: dict[str, Handler] = {
    "consulta": CrewHandler(under_policy(consulta.avaliar, ALERTAS), CREWS["consulta"]),
    "internacao": CrewHandler(under_policy(internacao.avaliar, ALERTAS), CREWS["internacao"]),
    "alta": CrewHandler(under_policy(alta.avaliar, ALERTAS), CREWS["alta"]),
}
