"""HL7 messages of 14 results over MLLP until the task is durable, beside POSTs of the same messages over HTTP."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

from bench.mllp_load import rate
from bench.report import Line
from bench.rig import Rig, answers, free_port, until
from dev.ports import accepts

ROUNDS = 3
CONNECTIONS = (1, 16)
_CPU_MS = 3.0


def measure(rig: Rig) -> list[Line]:
    """Both stand side by side and take turns. Nobody works the tasks off: only the way in is measured."""
    ports = {"mllp": free_port(), "http": free_port()}
    here = {"DOMAIN_PACKAGES": '["handlers"]'}
    mllp_command = ("workers.mllp", "--port", str(ports["mllp"]))
    with (
        rig.process("mllp", *mllp_command, RABBITMQ_URL="amqp://unused", **here) as listener,
        rig.process("api-hl7", "api.main", role="api", API_PORT=str(ports["http"]), **here),
    ):
        until(lambda: accepts(ports["mllp"]), "the listener")
        until(lambda: answers(ports["http"]), "the API")
        for way, port in ports.items():
            rate(way, port, CONNECTIONS[-1], seconds=1.5)
        lines = [_against_http(ports, connections) for connections in CONNECTIONS]
        return [*lines, _cpu(ports["mllp"], listener.pid)]


def _against_http(ports: dict[str, int], connections: int) -> Line:
    rates: dict[str, list[float]] = {way: [] for way in ports}
    for _ in range(ROUNDS):
        for way, port in ports.items():
            rates[way].append(rate(way, port, connections))
    mllp, http = statistics.median(rates["mllp"]), statistics.median(rates["http"])
    words = "1 connection" if connections == 1 else f"{connections} connections"
    return Line(f"mllp ÷ HTTP POST, {words}", f"{mllp:.0f}/s of {http:.0f}/s", mllp / http, 1.0, at_least=True)


def _cpu(port: int, pid: int) -> Line:
    seconds, before = 4.0, _cpu_s(pid)
    messages = rate("mllp", port, CONNECTIONS[-1], seconds) * seconds
    spent = (_cpu_s(pid) - before) / messages * 1e3
    return Line("mllp: CPU per message", "14 results, the listener's own", spent, _CPU_MS, at_least=False, unit="ms")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
