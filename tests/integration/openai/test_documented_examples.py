"""The page for integrators: its examples run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from llmock.pytest_plugin import LLMock

from shared.database import Database
from tests.integration.openai.crew_worker import rules_alone, working
from tests.integration.openai.javascript import node
from tests.integration.openai.surface import Scripted, listening
from tests.platform import ROOT

PAGE = (ROOT / "docs" / "openai-api.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SENTENCE = "NEWS2 é um escore de alerta precoce."


def block(kind: str, word: str) -> str:
    """The one example of this language that holds the word."""
    (found,) = [body for language, body in BLOCKS if language == kind and word in body]
    return found


def run(argv: list[str], url: str) -> str:
    # A module of the suite may have imported the crews' runtime, which points OPENAI_API_BASE at a dead address.
    own = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    env = own | {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "qualquer"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(code: str, url: str) -> str:
    return run([sys.executable, "-c", code], url)


def test_no_example_is_forgotten() -> None:
    assert [language for language, _ in BLOCKS] == ["bash", "python", "javascript", "bash", "python", "python"]


def test_python(house_url: str, provider: LLMock) -> None:
    provider.reply(SENTENCE, times=2)
    printed = python(block("python", "include_usage"), house_url)
    assert printed.count(SENTENCE) == 2 and "primeira" in printed


def test_javascript(house_url: str, provider: LLMock) -> None:
    provider.reply(SENTENCE)
    printed = node(block("javascript", "import"), OPENAI_BASE_URL=house_url, OPENAI_API_KEY="qualquer")
    assert printed == SENTENCE


def test_curl(house_url: str, provider: LLMock) -> None:
    provider.reply(SENTENCE)
    assert SENTENCE in run(["bash", "-c", block("bash", "curl")], house_url)


def test_langchain(house_url: str, provider: LLMock) -> None:
    provider.reply('{"ala": "B", "leitos": 3}')
    assert "ala='B' leitos=3" in python(block("python", "langchain"), house_url)


def test_a_crew(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    with (
        listening(Scripted(), DATABASE_URL=sqlite_url, FILES_DIR=str(tmp_path)) as url,
        working(database, rules_alone),
    ):
        printed = python(block("python", "crew:"), url)
    database.close()
    assert "(crítico)" in printed and "/api/exames/status/" in printed and "plaquetas" in printed.lower()
