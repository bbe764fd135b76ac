"""What importing and running crewai does to a process. Each test starts one, because imports happen once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from handlers.crew_runtime import environment

RUN_A_CREW = """
from handlers.crew_runner import run_crew
from shared.llm.gateway import LlmGateway
from shared.settings import ModelSettings
from handlers.exames.crew import CREWS
from tests.unit.crews.support import RecordingRun, case_with
def run():
    return run_crew(CREWS["hemograma"], case_with("6.8"), RecordingRun(), LlmGateway(ModelSettings()))[0].texto
"""


SILENT = dict(environment._FORCED)


def python(code: str, **changes: str) -> str:
    """Run `code` in a process that inherits nothing of what this one has silenced."""
    clean = {name: value for name, value in os.environ.items() if name not in SILENT}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**clean, **changes}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_leaves_one_thread_and_no_signal_handler() -> None:
    code = """
import os, signal
before = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]
import handlers.crew_runner
assert [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)] == before
print(len(os.listdir("/proc/self/task")))
"""
    assert python(code).strip() == "1"


def test_an_offline_crew_opens_no_connection_and_says_nothing() -> None:
    code = """
import socket, sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print("NETWORK", event, file=sys.__stdout__)
sys.addaudithook(refuse)
"""
    out = python(code + RUN_A_CREW + "text = run()\nassert 'Hemoglobina' in text")
    assert out == ""


def test_crews_run_in_a_child_forked_after_import_and_trim() -> None:
    code = """
import os
from handlers.crew_runtime.footprint import trim
trim()
child = os.fork()
if child == 0:
    os._exit(0 if "Hemoglobina" in run() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert python(RUN_A_CREW + code).strip() == "0"


def test_trim_gives_memory_back() -> None:
    code = """
import handlers.crew_runner
from handlers.crew_runtime.footprint import trim
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 // 2**20
before = resident()
trim()
print(before - resident())
"""
    assert int(python(code)) > 25


def test_crewai_first_is_refused() -> None:
    code = """
import crewai
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
