"""`make test`: the servers that the suite starts, installed where missing; then pytest with coverage.

Two workers share the suite, file by file and the long ones first, each with a broker and a database server of its own:
much of its time is waiting for processes to start, stop and die. Arguments go to pytest instead, in one process and
without coverage: a part of the suite cannot reach what is demanded of the whole.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import prerequisites

SERVERS = ["rabbitmq", "postgresql"]
WORKERS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
COVERAGE = ["--cov", "--cov-report=term-missing:skip-covered"]
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder that is ours alone is made in it
NEEDED_BYTES = 6 << 30  # what the suite leaves behind is a third of it


def main(arguments: list[str]) -> int:
    if code := prerequisites.main(SERVERS):
        return code
    with scratch_folder() as folder:
        command = [sys.executable, "-m", "pytest", *(arguments or WORKERS + COVERAGE)]
        return subprocess.call(command, env=os.environ | {"TMPDIR": str(folder)})


@contextmanager
def scratch_folder(memory: Path = MEMORY, needed_bytes: int = NEEDED_BYTES) -> Iterator[Path]:
    """Where brokers and databases live: in memory where there is room, because they wait for the disk at each commit.

    Processes that are killed lose nothing there either; a machine that loses its power is not what is tested.
    """
    roomy = memory.is_dir() and shutil.disk_usage(memory).free >= needed_bytes
    folder = Path(tempfile.mkdtemp(prefix="plantao-test-", dir=memory if roomy else None))
    folder.chmod(0o711)  # PostgreSQL refuses root and runs as another user, who must reach its data
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
