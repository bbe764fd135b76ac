"""`make test`: the servers that the suite starts, installed where missing; then pytest with coverage.

Two workers share the suite, file by file, each with a broker and a database server of its own: much of its time is
waiting for processes to start, stop and die. Arguments go to pytest instead, in one process and without coverage: a
part of the suite cannot reach what is demanded of the whole.
"""

from __future__ import annotations

import subprocess
import sys

from dev import prerequisites

SERVERS = ["rabbitmq", "postgresql"]
WHOLE_SUITE = ["-n", "2", "--dist", "loadfile", "--cov", "--cov-report=term-missing:skip-covered"]


def main(arguments: list[str]) -> int:
    if code := prerequisites.main(SERVERS):
        return code
    return subprocess.call([sys.executable, "-m", "pytest", *(arguments or WHOLE_SUITE)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
