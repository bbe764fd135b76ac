"""A hospital's folder of clinical tables, put in force for one test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.hospital_tables import known_tables, put_in_force
from shared.clinical.tables import AnyTable
from tests.unit.tables.copies import Supply

PACKAGES = ["handlers"]


@pytest.fixture
def tables() -> dict[str, AnyTable]:
    return {table.key: table for table in known_tables(PACKAGES)}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write `<domain>/<table>` under the test's folder."""

    def write_one(key: str, content: Any) -> Path:
        file = tmp_path / f"{key}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    return write_one


@pytest.fixture
def in_force(tmp_path: Path, write: Callable[[str, Any], Path]) -> Iterator[Supply]:
    """Put `{key: content}` in force; the shipped tables come back afterwards."""

    def supply(contents: dict[str, Any]) -> None:
        for key, content in contents.items():
            write(key, content)
        put_in_force(tmp_path, PACKAGES)

    yield supply
    put_in_force(None, PACKAGES)
