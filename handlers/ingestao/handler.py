"""What the worker runs for each ingestion event."""

from __future__ import annotations

from typing import cast

from pydantic import BaseModel

from handlers.crew_handler import CrewHandler
from handlers.crew_runtime.spec import CrewSpec
from handlers.ingestao.carga import Carga
from handlers.ingestao.crew import CREWS
from handlers.ingestao.requests import Ingestao
from shared.errors import RulesFailed
from shared.execution import Handler, Run
from shared.findings import Avaliacao


class LoadHandler(CrewHandler):
    """Loads the file, then lets the crew summarise its groups of errors. No row ever reaches a model.

    A second attempt goes on where the first one stopped and ends with the same figures.
    """

    def __init__(self, carga: Carga, crew: CrewSpec) -> None:
        super().__init__(_without_run, crew)
        self._carga = carga

    def evaluate(self, request: BaseModel, run: Run) -> Avaliacao:
        return self._carga(cast(Ingestao, request), run)


def _without_run(_request: BaseModel) -> Avaliacao:
    raise RulesFailed("uma carga grava no cadastro e só existe dentro de uma tarefa")


HANDLERS: dict[str, Handler] = {event: LoadHandler(Carga(event), CREWS[event]) for event in CREWS}
