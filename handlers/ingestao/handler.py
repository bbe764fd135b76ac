"""What the worker runs for each ingestion event."""

from __future__ import annotations

from handlers.crew_handler import CrewHandler
from handlers.ingestao.crew import CREWS
from handlers.ingestao.rules import ingestao, medicos, pacientes
from shared.execution import Handler

HANDLERS: dict[str, Handler] = {
    "ingestao": CrewHandler(ingestao.avaliar, CREWS["ingestao"]),
    "pacientes": CrewHandler(pacientes.avaliar, CREWS["pacientes"]),
    "medicos": CrewHandler(medicos.avaliar, CREWS["medicos"]),
}
