"""A process that has asked no model has paid for no model package: seconds, and a hundred megabytes each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MODEL_PACKAGES = {"langchain_core", "langchain_openai", "langchain_anthropic", "langchain_google_genai",
                  "langchain_mistralai", "langchain_ollama", "openai", "anthropic", "mistralai", "ollama",
                  "crewai", "tiktoken"}  # fmt: skip

# As uvicorn does: build the application, start it, stop it.
_START = """
import asyncio, json, sys
from api.main import create_app
from shared.settings import load_settings

async def start_and_stop():
    app = create_app(load_settings())
    async with app.router.lifespan_context(app):
        pass

asyncio.run(start_and_stop())
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
_CATALOGUE = """
[deployments.fora]
provider = "openai"
model = "gpt"
[policies.padrao]
deployments = ["fora"]
"""


def imported_by(code: str, cwd: Path, **environment: str) -> set[str]:
    """Top-level modules of a fresh interpreter that ran `code` away from any `.env`."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_api_starts_without_a_model_package(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(_CATALOGUE)
    database = f"sqlite:///{tmp_path / 'plantao.db'}"
    found = imported_by(_START, tmp_path, DATABASE_URL=database, MODELS_FILE=str(file))
    assert "fastapi" in found
    assert found & MODEL_PACKAGES == set()
