"""`python -m tests.integration.register.load_process URL FOLDER UPLOAD TASK CHUNK [waits]`: one load in a process.

Prints the largest size of the process, in MiB. With `waits` it stops before the end: somebody is to kill it.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from handlers.ingestao import carga
from handlers.ingestao.carga import Carga, Lugares
from handlers.ingestao.requests import IngestaoPacientes
from shared.database import Database
from shared.files.store import FileStore
from tests.integration.register.loads import BLIND, LoadRun


class _Waiting(LoadRun):
    """Whoever wants to kill it in the middle comes in time, however slow."""

    def progress(self, done: int, total: int, agent: str) -> None:
        if done > total * 0.9:
            signal.pause()


def main() -> None:
    url, folder, upload, task, chunk, *waits = sys.argv[1:]
    carga.CHUNK_ROWS = int(chunk)
    places = Lugares(Database(url), FileStore(Path(folder)), BLIND)
    request = IngestaoPacientes(formato="csv", origem="recepção", arquivo=upload)
    Carga("pacientes", lambda: places)(request, (_Waiting if waits else LoadRun)(task))
    sys.stdout.write(str(_largest_kib() // 1024))


def _largest_kib() -> int:
    """Of this program alone: what `getrusage` says also counts the process that started it, as large as it was."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
