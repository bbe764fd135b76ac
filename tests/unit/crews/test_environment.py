"""What importing and running crewai does to a process. Imports happen once, so it takes processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from handlers.crew_runtime import environment

SILENT = dict(environment._FORCED)

# As a consumer does it: import, trim, fork, run. And then once more in the process that imported.
LIFE = """
import json, os, signal, sys

facts = {"network": []}
def hear(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        facts["network"].append(event)
sys.addaudithook(hear)

before = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]
from handlers.crew_runner import run_crew
facts["signal_handlers_kept"] = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)] == before
facts["threads"] = len(os.listdir("/proc/self/task"))

from handlers.crew_runtime.footprint import trim
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 // 2**20
before = resident()
trim()
facts["given_back_mb"] = before - resident()

from handlers.exames.crew import CREWS
from shared.settings import ModelSettings
from tests.unit.crews.support import RecordingRun, case_with, gateway_onto
def run():
    with gateway_onto(ModelSettings()) as gateway:
        return run_crew(CREWS["hemograma"], case_with("6.8"), RecordingRun(), gateway)[0].texto

child = os.fork()
if child == 0:
    os._exit(0 if "Hemoglobina" in run() else 1)
facts["child"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
facts["text"] = run()
print(json.dumps(facts))
"""


def python(code: str, **changes: str) -> str:
    """Run `code` in a process that inherits nothing of what this one has silenced."""
    clean = {name: value for name, value in os.environ.items() if name not in SILENT}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env={**clean, **changes}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process saw of itself. A second line on its output would be crewai's, and no JSON.

    It compiles all that it imports: that is what leaves memory behind.
    """
    nothing_kept = str(tmp_path_factory.mktemp("bytecode"))
    facts: dict[str, Any] = json.loads(python(LIFE, PYTHONPYCACHEPREFIX=nothing_kept, PYTHONDONTWRITEBYTECODE="1"))
    return facts


def test_import_leaves_one_thread_and_no_signal_handler(life: dict[str, Any]) -> None:
    assert life["threads"] == 1
    assert life["signal_handlers_kept"]


def test_an_offline_crew_opens_no_connection_and_says_nothing(life: dict[str, Any]) -> None:
    assert "Hemoglobina" in life["text"]
    assert life["network"] == []


def test_crews_run_in_a_child_forked_after_import_and_trim(life: dict[str, Any]) -> None:
    assert life["child"] == 0


def test_trim_gives_memory_back(life: dict[str, Any]) -> None:
    assert life["given_back_mb"] > 25


def test_crewai_first_is_refused() -> None:
    """Any module of that name will do: what counts is that it was there before the environment was."""
    code = """
import sys, types
sys.modules["crewai"] = types.ModuleType("crewai")
try:
    import handlers.crew_runtime
except ImportError as error:
    print(error)
"""
    assert "import handlers.crew_runtime first" in python(code, **{**SILENT, "LANGSMITH_TRACING": "true"})


@pytest.mark.parametrize("name", ["OPENAI_API_KEY"])
def test_no_key_is_left_for_a_stray_client(name: str) -> None:
    code = f"import os, handlers.crew_runtime; print(os.environ.get('{name}'), os.environ['OPENAI_BASE_URL'])"
    assert python(code, **{name: "sk-x", "OPENAI_BASE_URL": "https://example.org"}) == "None http://127.0.0.1:9/v1\n"
