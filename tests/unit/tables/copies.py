"""A shipped table as a hospital would copy it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.clinical.tables import AnyTable

Supply = Callable[[dict[str, Any]], None]
"""Puts `{"<domain>/<table>": content}` in force for the test."""


def shipped(tables: dict[str, AnyTable], key: str, **changes: Any) -> dict[str, Any]:
    """The shipped table under a version of its own, with what the hospital changes."""
    table = tables[key].shipped()
    assert table is not None
    content: dict[str, Any] = table.model_dump(mode="json")
    return content | {"versao": "hospital-x-1"} | changes
