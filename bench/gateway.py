"""What the gateway costs on a streamed chat: beside the provider's client alone, and through both HTTP surfaces."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.gateway_load import LONG, SHORT, SLOW, WAVES, WORDS, resident_mb
from bench.report import Line
from bench.rig import ROOT, Rig, answers, free_port, until

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_POLICIES = {SHORT: "curta", LONG: "longa", SLOW: "lenta"}
_CALLS = {SHORT: 160, LONG: 32}
_AT_ONCE = 16
_ROUNDS = 2
_WORD = " palavra"  # chat joins those that come together into one event


class Surface(NamedTuple):
    """An endpoint that streams."""

    path: str
    body: dict[str, Any]


_SAYS = "Descreva os achados. " * 40
_SURFACES = {
    "/v1": Surface("/v1/chat/completions", {"messages": [{"role": "user", "content": _SAYS}], "stream": True}),
    "/api/chat": Surface("/api/chat/messages", {"content": _SAYS, "stream": True}),
}


def measure(rig: Rig) -> list[Line]:
    """The provider is a process of its own that streams as fast as it is read."""
    port = free_port()
    with rig.process("model", "bench.servers", "model", str(port)):
        until(lambda: _listens(port), "the model server")
        child = [sys.executable, "-m", "bench.gateway_load", str(port)]
        done = subprocess.run(
            child, cwd=ROOT, env=rig.environment("worker"), check=True, stdout=subprocess.PIPE, text=True
        )
        found = json.loads(done.stdout.splitlines()[-1])
        lines = [*_cpu_lines(found["cpu"], found["beyond"]), *_memory_lines("gateway", found["waves"])]
        return lines + _over_http(rig, port, found["cpu"])


def _cpu_lines(cpu: dict[str, float], beyond: dict[str, float]) -> list[Line]:
    call, alone, piece = beyond["call_ms"], beyond["alone_ms"], beyond["piece_us"]
    ratio = cpu[f"gateway {LONG}"] / cpu[f"langchain {LONG}"]
    return [
        Line("gateway: CPU per streamed call", _both(cpu, SHORT), call, 3.0, at_least=False, unit="ms"),
        Line("the same, one call at a time", _both(cpu, "alone"), alone, 3.0, at_least=False, unit="ms"),
        Line("gateway: CPU per chunk", _pieces_both(cpu), piece, 60.0, at_least=False, unit="µs"),
        Line("400 chunks ÷ LangChain's astream", _ratio(cpu), ratio, 1.0, at_least=False),
    ]


def _both(cpu: dict[str, float], name: str) -> str:
    return f"{cpu[f'gateway {name}']:.2f} ms − {cpu[f'wire {name}']:.2f} ms client alone"


def _pieces_both(cpu: dict[str, float]) -> str:
    return f"{_per_piece(cpu, 'gateway'):.0f} µs − {_per_piece(cpu, 'wire'):.0f} µs client alone"


def _ratio(cpu: dict[str, float]) -> str:
    return f"{cpu[f'gateway {LONG}']:.1f} ms of {cpu[f'langchain {LONG}']:.1f} ms"


def _per_piece(cpu: dict[str, float], way: str) -> float:
    """Microseconds of one piece: what 399 more of them cost."""
    return (cpu[f"{way} {LONG}"] - cpu[f"{way} {SHORT}"]) / (WORDS[LONG] - WORDS[SHORT]) * 1000


def _memory_lines(who: str, waves: list[dict[str, float]]) -> list[Line]:
    """Flat: not more after a thousand streams than while the first 200 ran."""
    _, second, *_ = (wave for wave in waves if wave["streams"] == 200)
    grown = waves[-1]["rss_mb"] - second["rss_mb"]
    sizes = ", ".join(f"{wave['streams']}: {wave['rss_mb']:.0f}" for wave in waves[:3])
    rate = statistics.median(wave["pieces_per_s"] for wave in waves if wave["streams"] == 200)
    detail = f"RSS at {sizes} MB; {rate:.0f} chunks/s, none lost"
    return [Line(f"{who}: growth over three waves of 200", detail, grown, 5.0, at_least=False, unit="MB")]


def _over_http(rig: Rig, provider: int, cpu: dict[str, float]) -> list[Line]:
    port, file = free_port(), rig.folder / "models.toml"
    file.write_text(_catalogue(provider))
    settings = {"MODELS_FILE": str(file), "API_PORT": str(port), "CHAT_RPM": "0", "OPENAI_RPM": "0"}
    with rig.process("api", "api.main", role="api", **settings) as api:
        until(lambda: answers(port), "the API")
        lines = []
        for name, surface in _SURFACES.items():
            found, waves = asyncio.run(_measured(port, surface, api.pid))
            piece = (found[LONG] - found[SHORT]) / (WORDS[LONG] - WORDS[SHORT]) * 1000
            beyond = piece - _per_piece(cpu, "wire")
            call = found[SHORT] - cpu[f"wire {SHORT}"]
            lines += [
                Line(f"{name}: API's CPU per call", f"{found[SHORT]:.2f} ms with the client", call, 10.0, False, "ms"),
                Line(f"{name}: API's CPU per chunk", f"{piece:.0f} µs with the client", beyond, 150.0, False, "µs"),
                *_memory_lines(name, waves),
            ]
        return lines


def _catalogue(port: int) -> str:
    """One deployment per kind of answer, each a policy."""
    parts = ['default = "curta"']
    for model, name in _POLICIES.items():
        parts += [
            f"[deployments.d-{name}]",
            'provider = "openai_compatible"',
            f'model = "{model}"',
            f'base_url = "http://127.0.0.1:{port}/v1"',
            "prices = { input = 1, output = 2 }",
            f"[policies.{name}]",
            f'deployments = ["d-{name}"]',
        ]
    return "\n".join(parts)


async def _measured(port: int, surface: Surface, pid: int) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Milliseconds of the API's CPU per call, and its waves."""
    # Less than uvicorn's five seconds: it would close a connection just as a request goes out on it.
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=2.0)
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120, trust_env=False) as client:
        await _many(client, surface, SHORT, 8, 8)
        spent: dict[str, list[float]] = {name: [] for name in _CALLS}
        for _ in range(_ROUNDS):
            for name, calls in _CALLS.items():
                before = _cpu_s(pid)
                await _many(client, surface, name, calls, _AT_ONCE)
                spent[name].append((_cpu_s(pid) - before) / calls * 1000)
        waves = [await _wave(client, surface, count, pid) for count in WAVES]
    return {name: statistics.median(found) for name, found in spent.items()}, waves


async def _many(client: httpx.AsyncClient, surface: Surface, name: str, calls: int, at_once: int) -> int:
    gate = asyncio.Semaphore(at_once)

    async def one() -> int:
        async with gate, client.stream("POST", surface.path, json={**surface.body, "model": _POLICIES[name]}) as answer:
            pieces = sum([line.count(_WORD) async for line in answer.aiter_lines()])
        assert pieces == WORDS[name], f"{surface.path} answered {answer.status_code} with {pieces} pieces"
        return pieces

    return sum(await asyncio.gather(*(one() for _ in range(calls))))


async def _wave(client: httpx.AsyncClient, surface: Surface, count: int, pid: int) -> dict[str, float]:
    started = time.perf_counter()
    pieces = await _many(client, surface, SLOW, count, count)
    rate = pieces / (time.perf_counter() - started)
    return {"streams": count, "pieces_per_s": rate, "rss_mb": resident_mb(pid)}


def _cpu_s(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _listens(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    except httpx.TransportError as error:
        return not isinstance(error, httpx.ConnectError)
    return True
