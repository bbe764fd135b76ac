"""Supervisor with the dramatiq engine: `python -m workers.dramatiq_worker --help`."""

from __future__ import annotations

import sys

import workers.environment  # noqa: F401 - must come before anything that imports crewai or prometheus_client
from workers.command import main

if __name__ == "__main__":
    sys.exit(main("dramatiq"))
