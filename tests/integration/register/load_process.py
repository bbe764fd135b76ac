"""`python -m tests.integration.register.load_process URL FOLDER UPLOAD TASK CHUNK`: one load in a process of its own.

Prints the largest size of the process, in MiB, when it was not killed before.
"""

from __future__ import annotations

import resource
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
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


if __name__ == "__main__":
    main()
