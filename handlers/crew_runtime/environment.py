"""The privacy environment. crewai reads most of it once, at import, so it must be set before.

Measured on crewai 1.15.30: with these a crew makes exactly one kind of connection (to the model), the import
leaves one thread and takes no signal handler, and a fork after it is safe.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Port 9 discards: an agent that fell back to crewai's own OpenAI client fails here instead of leaving the house.
DEAD_END = "http://127.0.0.1:9/v1"

_FORCED = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_TESTING": "true",  # skips the first-run collection and its question on the terminal
    "OTEL_SDK_DISABLED": "true",  # crewai's exporter; ours is set up explicitly
    "ANONYMIZED_TELEMETRY": "False",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "HF_HUB_OFFLINE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENAI_BASE_URL": DEAD_END,
    "OPENAI_API_BASE": DEAD_END,
}


def silence() -> None:
    """Set the environment of this process. Raises `ImportError` when crewai was imported too early."""
    if "crewai" in sys.modules and any(os.environ.get(name) != value for name, value in _FORCED.items()):
        raise ImportError("crewai was imported before handlers.crew_runtime: import handlers.crew_runtime first")
    os.environ.update(_FORCED)
    os.environ.pop("OPENAI_API_KEY", None)
    # Absolute, or crewai writes under HOME, which a container may not have.
    os.environ.setdefault("CREWAI_STORAGE_DIR", str(Path(".run/crewai").resolve()))
