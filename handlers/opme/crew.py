"""The crews of `opme`, by event."""

from __future__ import annotations

from pathlib import Path

from handlers.crew_runtime.loader import load_crews
from handlers.opme.tools import TOOLS

CREWS = load_crews(Path(__file__).parent, TOOLS)
