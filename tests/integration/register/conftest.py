from __future__ import annotations

from pathlib import Path

import pytest

from shared.database import Database
from tests.integration.register.loads import Loads


@pytest.fixture
def loads(database: Database, tmp_path: Path) -> Loads:
    return Loads(database, tmp_path / "files")
