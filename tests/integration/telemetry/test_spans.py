"""Nobody here makes spans: a tracer that an operator's tooling installs is given no prompt, answer or identifier."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.databases import sqlite_database
from tests.outside_model import OutsideModel, outside
from tests.platform import ROOT

MODELS = """
deployments.fora = {{provider = "openai_compatible", model = "m", base_url = "{url}", free_text = true}}
policies.padrao = {{deployments = ["fora"]}}
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the traced process printed."""
    folder: Path = tmp_path_factory.mktemp("traced")
    database, models = sqlite_database(folder / "plantao.db"), folder / "models.toml"
    with outside(OutsideModel()) as url:
        models.write_text(MODELS.format(url=url))
        settings = {
            "DATABASE_URL": database,
            "MODELS_FILE": str(models),
            "FILES_DIR": str(folder / "files"),
            "TRANSFERENCIA_INTERNACIONAL": "true",
            "OTEL_SDK_DISABLED": "false",  # a crew's test in this process may have switched it off
        }
        command = [sys.executable, "-m", "tests.integration.telemetry.traced"]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


def test_a_chat_a_foreign_client_and_a_crew_make_no_span(traced: dict[str, Any]) -> None:
    """Whoever makes some one day looks at what stands in them: `assert_hidden` of `tests.acceptance.named_patient`."""
    assert traced["opinion"]
    assert [span["name"] for span in traced["spans"]] == ["proof that spans are kept"]
