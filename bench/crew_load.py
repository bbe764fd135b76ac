"""64 crews at once in this process: `python -m bench.crew_load` prints wall seconds and CPU ms per crew."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import handlers.crew_runtime.environment  # noqa: F401 - before crewai
from handlers.crew_runner import run_crew
from handlers.crew_runtime.case import CrewCase, patient_profile
from handlers.crew_runtime.spec import CrewSpec
from handlers.exames.crew import CREWS
from handlers.exames.domain import DOMAIN
from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.hemograma.evaluation import avaliar
from shared.llm.blocking import process_gateway
from shared.privacy.known import identifiers_of
from workers.affinity import pin

IN_FLIGHT = 64


class _Run:
    """A run that nobody stops."""

    task_id = "bench"
    attempt = 1
    tenant = "default"
    client = "bench"

    def progress(self, done: int, total: int, agent: str) -> None:
        """Not measured."""

    def step(self, kind: str, **data: Any) -> None:
        """Not measured."""

    def check(self) -> None:
        """Never stopped."""

    def remaining(self) -> float:
        return 120.0

    def on_interrupt(self, callback: Any) -> None:
        """Never stopped."""


def _two_calls(spec: CrewSpec) -> CrewSpec:
    """Two agents, two tasks, one model call each: the facts stand in the prompt."""
    return replace(spec, tasks=tuple(replace(task, tools=()) for task in spec.tasks[1:]))


def main() -> None:
    pin(0)  # as every consumer does
    declared = DOMAIN.event("hemograma")
    assert declared is not None
    request = PedidoHemograma.model_validate(declared.example)
    case = CrewCase(avaliar(request), patient_profile(request), identifiers_of(request))
    spec = _two_calls(CREWS["hemograma"])
    gateway = process_gateway()
    run_crew(spec, case, _Run(), gateway)  # warm: imports, connections
    barrier = threading.Barrier(IN_FLIGHT + 1)

    def one() -> None:
        barrier.wait()
        run_crew(spec, case, _Run(), gateway)

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        futures = [pool.submit(one) for _ in range(IN_FLIGHT)]
        barrier.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        for future in futures:
            future.result()
    print(time.perf_counter() - wall, (time.process_time() - cpu) / IN_FLIGHT * 1000)


if __name__ == "__main__":
    main()
