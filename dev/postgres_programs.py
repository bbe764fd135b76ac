"""Where PostgreSQL's own programs are on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def find_programs() -> Path | None:
    """The folder with `initdb` and `postgres`, newest version first; None where PostgreSQL is not installed."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    places += [Path("/opt/homebrew/bin"), Path("/usr/local/bin")]
    places += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return next((p for p in places if (p / "initdb").exists() and (p / "postgres").exists()), None)
