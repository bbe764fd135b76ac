"""`make test`: the servers that the suite starts, installed where missing; then pytest with coverage.

Arguments go to pytest. With arguments no coverage is demanded: a part of the suite cannot reach it.
"""

from __future__ import annotations

import subprocess
import sys

from dev import prerequisites

SERVERS = ["rabbitmq", "postgresql"]
COVERAGE = ["--cov", "--cov-report=term-missing:skip-covered"]


def main(arguments: list[str]) -> int:
    if code := prerequisites.main(SERVERS):
        return code
    return subprocess.call([sys.executable, "-m", "pytest", *(arguments or COVERAGE)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
