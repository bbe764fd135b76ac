"""The crews of `clinico`, by event."""

from __future__ import annotations

from pathlib import Path

from handlers.clinico.tools import TOOLS
from handlers.crew_runtime.loader import load_crews

CREWS = load_crews(Path(__file__).parent, TOOLS)
