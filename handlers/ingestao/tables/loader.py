"""Reads this domain's versioned tables. A table is data: its `versao` goes into every result that used it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@cache
def table(name: str) -> dict[str, Any]:
    """The table `<name>.json`. Raises FileNotFoundError for a name that does not exist."""
    content: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content
