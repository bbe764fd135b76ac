"""`python -m bench.ingest_load FILE FORMAT`: one file through the ingestion domain's own code; its figures as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from uuid_utils import uuid7

from handlers.ingestao.carga import Carga, lugares_do_processo
from handlers.ingestao.requests import IngestaoPacientes
from shared import clock
from shared.files import uploads
from shared.files.uploads import Upload
from shared.tasks import acceptance
from shared.tasks.acceptance import NewTask


class _Run:
    """A `Run` without a worker around it."""

    attempt = 1
    tenant = "default"
    client = "bench"

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id

    def progress(self, done: int, total: int, agent: str) -> None:
        """Nobody asks."""

    def step(self, kind: str, **data: str | int | float | bool) -> None:
        """Nobody asks."""

    def check(self) -> None:
        """Nobody interrupts."""

    def remaining(self) -> float:
        return 3600.0

    def on_interrupt(self, callback: Any) -> None:
        """Nobody interrupts."""


def main() -> None:
    """Upload, load, and say how it went."""
    path, form = Path(sys.argv[1]), sys.argv[2]
    places, task = lugares_do_processo(), str(uuid7())
    with places.files.draft() as draft, path.open("rb") as file:
        while block := file.read(1 << 20):
            draft.write(block)
        upload = Upload(
            str(uuid7()),
            "default",
            "bench",
            path.name,
            "",
            "application/octet-stream",
            draft.size,
            draft.sha256,
            draft.keep(),
            clock.now(),
        )
    moment = clock.now()
    row = NewTask(task, "default", "bench", "ingestao", "pacientes", "{}", moment, moment + timedelta(hours=1))
    with places.database.write() as connection:
        uploads.add(connection, upload)
        acceptance.accept(connection, [row])
    start, cpu = time.perf_counter(), time.process_time()
    request = IngestaoPacientes(formato=form, origem="bench", arquivo=upload.id)
    figures = Carga("pacientes")(request, _Run(task)).calculos
    places.files.delete(upload.path)
    names = ("inseridas", "atualizadas", "duplicadas", "ambiguas", "rejeitadas")
    told = {
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "largest_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "dispositions": {name: figures[f"linhas_{name}"] for name in names},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
