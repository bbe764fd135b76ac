"""A hand-made evaluation, a run that records, and settings for a mock provider."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from evals.gateway import scratch_gateway
from handlers.crew_runtime.case import CrewCase
from shared.errors import TaskCancelled
from shared.findings import Achado, Avaliacao, Gravidade
from shared.llm.backoff import Backoff
from shared.llm.blocking import BlockingGateway
from shared.llm.catalogue import load_catalogue
from shared.privacy.identifiers import Identifiers
from shared.settings import ModelSettings, load_settings

EXAMES = Path("handlers/exames")


class RecordingRun:
    """A `Run` whose every call can be asserted on; `interrupt` does what the worker does."""

    task_id = "t-1"
    attempt = 1
    tenant = "default"
    client = "tests"

    def __init__(self, remaining: float = 60.0) -> None:
        self.steps: list[tuple[str, dict[str, Any]]] = []
        self.reported: list[tuple[int, int, str]] = []
        self._remaining = remaining
        self._callbacks: list[Callable[[], None]] = []
        self._stop: Exception | None = None
        self._lock = threading.Lock()

    def progress(self, done: int, total: int, agent: str) -> None:
        self.reported.append((done, total, agent))

    def step(self, kind: str, **data: str | int | float | bool) -> None:
        self.steps.append((kind, data))

    def check(self) -> None:
        if self._stop:
            raise self._stop

    def remaining(self) -> float:
        return self._remaining

    def on_interrupt(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)

    def interrupt(self, why: Exception | None = None) -> None:
        self._stop = why or TaskCancelled()
        for callback in self._callbacks:
            callback()


def finding(number: int, severity: Gravidade, text: str, codigo: str | None = None, **evidence: Any) -> Achado:
    return Achado(
        id=f"A{number}",
        codigo=codigo or f"codigo_{number}",
        gravidade=severity,
        descricao=text,
        evidencia=evidence,
        fonte="fonte de teste",
        versao_regra="1",
    )


def evaluation_with(hemoglobin: str) -> Avaliacao:
    """A hemogram's evaluation whose one distinguishing value is `hemoglobin` (g/dL)."""
    return Avaliacao(
        achados=[
            finding(1, Gravidade.CRITICO, f"Hemoglobina de {hemoglobin} g/dL, valor crítico.", hemoglobina=hemoglobin),
            finding(2, Gravidade.ATENCAO, "VCM de 71,2 fL, abaixo de 80 fL.", vcm="71.2", minimo="80"),
        ],
        calculos={"mentzer": Decimal("18.7")},
        dados_faltantes=["anterior"],
        versoes_tabelas={"hemograma": "2026-01"},
    )


def case_with(hemoglobin: str, identifiers: Identifiers | None = None) -> CrewCase:
    profile = {"faixa_etaria": "adulto", "sexo": "F"}
    return CrewCase(evaluation_with(hemoglobin), profile, identifiers or Identifiers())


@contextmanager
def gateway_onto(settings: ModelSettings) -> Iterator[BlockingGateway]:
    """A whole gateway with an empty ledger of its own. Pauses between attempts are waited for, but short."""
    config = load_settings().model_copy(update={"model": settings})
    with scratch_gateway(config, load_catalogue(settings), Backoff(base_s=0.001)) as gateway:
        yield gateway


def settings_for(base_url: str, **changes: Any) -> ModelSettings:
    values = {"model_base_url": base_url, "model_name": "llmock", "model_max_retries": 0, "model_timeout_s": 20.0}
    return ModelSettings(model_provider="openai_compatible", **{**values, **changes})
