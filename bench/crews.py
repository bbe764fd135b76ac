"""64 crews in flight in one process, two model calls each, a model that takes a second per call."""

from __future__ import annotations

import subprocess
import sys

from bench.report import Line
from bench.rig import ROOT, Rig, answers, free_port, until

DELAY_S = 1.0


def measure(rig: Rig) -> list[Line]:
    """The mock provider is a process of its own; the ideal is two seconds."""
    port = free_port()
    environment = rig.environment(
        "worker",
        MODEL_PROVIDER="openai_compatible",
        MODEL_NAME="llmock",
        MODEL_BASE_URL=f"http://127.0.0.1:{port}/v1",
        MODEL_API_KEY="bench",
    )
    with rig.process("llmock", "tests.llmock", "--port", str(port), "--delay", str(DELAY_S)):
        until(lambda: answers(port, "/v1/models"), "the mock provider")
        out = subprocess.run(
            [sys.executable, "-m", "bench.crew_load"],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    wall, cpu_ms = map(float, out.split()[-2:])
    return [
        Line("64 crews, 2 calls of 1 s: wall", "ideal 2 s", wall, 5.0, at_least=False, unit="s"),
        Line("64 crews: CPU per crew", "one process", cpu_ms, 60.0, at_least=False, unit="ms"),
    ]
