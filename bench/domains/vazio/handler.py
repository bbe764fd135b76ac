"""The no-op handler."""

from __future__ import annotations

from typing import Any

from bench.domains.vazio.domain import Vazio
from shared.execution import Run
from shared.findings import Avaliacao


class VazioHandler:
    def evaluate(self, request: Vazio, run: Run) -> Avaliacao:
        return Avaliacao()

    def respond(self, request: Vazio, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
        return {"ok": True}

    def degrade(self, request: Vazio, evaluation: Avaliacao) -> dict[str, Any]:
        return {"ok": False}


HANDLERS = {"vazio": VazioHandler()}
