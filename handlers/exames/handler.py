"""What the worker runs for each exam event."""

from __future__ import annotations

from handlers.crew_handler import CrewHandler
from handlers.exames.crew import CREWS
from handlers.exames.rules import exame, imagem
from handlers.exames.rules.hemograma import evaluation as hemograma
from handlers.exames.tables import ALERTAS
from shared.clinical.alert_policy import under_policy
from shared.execution import Handler

HANDLERS: dict[str, Handler] = {
    "exame": CrewHandler(under_policy(exame.avaliar, ALERTAS), CREWS["exame"]),
    "hemograma": CrewHandler(under_policy(hemograma.avaliar, ALERTAS), CREWS["hemograma"]),
    "imagem": CrewHandler(under_policy(imagem.avaliar, ALERTAS), CREWS["imagem"]),
}
