"""What the worker runs for each exam event."""

from __future__ import annotations

from handlers.crew_handler import CrewHandler
from handlers.exames.crew import CREWS
from handlers.exames.rules import exame, imagem
from handlers.exames.rules.hemograma import evaluation as hemograma
from shared.execution import Handler

HANDLERS: dict[str, Handler] = {
    "exame": CrewHandler(exame.avaliar, CREWS["exame"]),
    "hemograma": CrewHandler(hemograma.avaliar, CREWS["hemograma"]),
    "imagem": CrewHandler(imagem.avaliar, CREWS["imagem"]),
}
