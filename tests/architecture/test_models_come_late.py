"""A process pays for the model packages that its catalogue names, behind its start, and for no other: seconds, and a
hundred megabytes each.
"""

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
import asyncio, json, sys, threading
from api.main import create_app
from shared.settings import load_settings

async def start_and_stop():
    app = create_app(load_settings())
    async with app.router.lifespan_context(app):
        for thread in threading.enumerate():
            if thread.name == "model-packages":
                await asyncio.to_thread(thread.join)

def top_level():
    return sorted({name.partition(".")[0] for name in sys.modules})

made = top_level()
asyncio.run(start_and_stop())
print(json.dumps([made, top_level()]))
"""
_CATALOGUE = """
[deployments.casa]
provider = "ollama"
model = "m"
base_url = "http://127.0.0.1:1"
[policies.padrao]
deployments = ["casa"]
"""


def imported_by(code: str, cwd: Path, **environment: str) -> list[set[str]]:
    """Top-level modules of a fresh interpreter, away from any `.env`: after importing ours, and after a start."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return [set(names) for names in json.loads(done.stdout.splitlines()[-1])]


def test_the_api_starts_without_a_model_package(tmp_path: Path) -> None:
    made, started = imported_by(_START, tmp_path, DATABASE_URL=f"sqlite:///{tmp_path / 'plantao.db'}")
    assert "fastapi" in made
    assert started & MODEL_PACKAGES == set()


def test_what_the_catalogue_names_is_imported_behind_the_start_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(_CATALOGUE)
    database = f"sqlite:///{tmp_path / 'plantao.db'}"
    made, started = imported_by(_START, tmp_path, DATABASE_URL=database, MODELS_FILE=str(file))
    assert made & MODEL_PACKAGES == set()
    assert started & MODEL_PACKAGES == {"langchain_core", "langchain_ollama", "ollama"}
