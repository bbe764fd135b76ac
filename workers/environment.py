"""What must be in the environment before anything else of the worker is imported.

prometheus_client and Dramatiq read their folder at import; crewai reads its privacy switches at import. Entry
points import this module first.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import handlers.crew_runtime.environment  # noqa: F401 - sets crewai's privacy environment

METRICS_DIR = Path(tempfile.gettempdir()) / f"plantao-metrics-{os.getpid()}"
METRICS_DIR.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)
os.environ["dramatiq_prom_db"] = str(METRICS_DIR)  # noqa: SIM112 - Dramatiq's own spelling
