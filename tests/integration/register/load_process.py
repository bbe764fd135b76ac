"""`python -m tests.integration.register.load_process URL FOLDER UPLOAD TASK CHUNK`: one load in a process of its own.

Prints the largest size of the process, in MiB, when it was not killed before.
"""

from __future__ import annotations

import sys
from pathlib import Path

from handlers.ingestao import carga
from handlers.ingestao.carga import Carga, Lugares
from handlers.ingestao.requests import IngestaoPacientes
from shared.database import Database
from shared.files.store import FileStore
from tests.integration.register.loads import BLIND, LoadRun


def main() -> None:
    url, folder, upload, task, chunk = sys.argv[1:]
    carga.CHUNK_ROWS = int(chunk)
    places = Lugares(Database(url), FileStore(Path(folder)), BLIND)
    request = IngestaoPacientes(formato="csv", origem="recepção", arquivo=upload)
    Carga("pacientes", lambda: places)(request, LoadRun(task))
    sys.stdout.write(str(_largest_kib() // 1024))


def _largest_kib() -> int:
    """Of this program alone: what `getrusage` says also counts the process that started it, as large as it was."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
