"""One process that streams: `python -m bench.gateway_load PORT` prints what it cost, as JSON.

The same server, the same deployments, in turn: LangChain's own `astream`, our wire client alone, and the gateway with
its ledger, budgets and breakers on the bench's PostgreSQL. CPU is that of the whole process, its threads included.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from shared.database import Database
from shared.llm.assembly import open_gateway
from shared.llm.catalogue import BudgetLimit, Catalogue, Deployment, Policy, Prices
from shared.llm.contract import CallContext, ChatRequest, Finished, Surface, TextDelta
from shared.llm.gateway import Gateway
from shared.llm.ports import ModelClient
from shared.llm.providers import create_client
from shared.llm.wire.http_clients import house_client
from shared.settings import load_settings
from workers.affinity import pin

SHORT, LONG, SLOW = "words:1:0", "words:400:0", "words:100:0.02"
WORDS = {SHORT: 1, LONG: 400, SLOW: 100}
_ROUNDS = 5
_CALLS = {SHORT: 160, LONG: 16}
_AT_ONCE = 16
# The first wave of 200 sets the high-water mark that the allocator keeps; growth is counted from the second.
WAVES = (20, 100, 200, 200, 200, 200)
_REQUEST = [{"role": "user", "content": "Descreva os achados. " * 40}]

Stream = Callable[[str], Awaitable[int]]  # the model's name → pieces of text that came


def main() -> None:
    pin(0)
    print(json.dumps(asyncio.run(_measured(f"http://127.0.0.1:{sys.argv[1]}/v1"))))


async def _measured(url: str) -> dict[str, object]:
    config = load_settings()
    database = Database(config.platform.database_url.get_secret_value())
    gateway = open_gateway(config, database, _catalogue(url))
    wire = {name: create_client(_deployment(url, name), transfer_allowed=False) for name in WORDS}
    http = house_client(inside=True)
    ways: dict[str, Stream] = {
        "langchain": _by_langchain(url, http), "wire": _by_wire(wire), "gateway": _by_gateway(gateway),
    }  # fmt: skip
    cpu: dict[str, list[float]] = {f"{way} {name}": [] for way in ways for name in (*_CALLS, "alone")}
    for stream in ways.values():
        await _many(stream, SHORT, 4)  # imports, connections
    for _ in range(_ROUNDS):
        for name, calls in _CALLS.items():
            for way, stream in ways.items():
                cpu[f"{way} {name}"].append(await _cpu(_many(stream, name, calls), calls))
        for way, stream in ways.items():
            cpu[f"{way} alone"].append(await _cpu(_many(stream, SHORT, 30, at_once=1), 30))
    waves = [await _wave(ways["gateway"], count) for count in WAVES]
    await gateway.close()
    database.close()
    medians = {name: statistics.median(found) for name, found in cpu.items()}
    return {"cpu": medians, "beyond": _beyond(cpu), "waves": waves}


def _beyond(cpu: dict[str, list[float]]) -> dict[str, float]:
    """What the gateway adds to the client: the median of what each round, whose parts ran side by side, says."""
    rounds = {
        name: [ours - client for ours, client in zip(cpu[f"gateway {name}"], cpu[f"wire {name}"], strict=True)]
        for name in (SHORT, LONG, "alone")
    }
    more = [long - short for long, short in zip(rounds[LONG], rounds[SHORT], strict=True)]
    return {
        "call_ms": statistics.median(rounds[SHORT]),
        "alone_ms": statistics.median(rounds["alone"]),
        "piece_us": statistics.median(more) / (WORDS[LONG] - WORDS[SHORT]) * 1000,
    }


def _deployment(url: str, name: str) -> Deployment:
    return Deployment(provider="openai_compatible", model=name, base_url=url, prices=Prices(input=1, output=2))


def _catalogue(url: str) -> Catalogue:
    """With budgets, so that their price is in the figure."""
    names = {name: f"d{number}" for number, name in enumerate(WORDS)}
    return Catalogue(
        deployments={short: _deployment(url, name) for name, short in names.items()},
        policies={f"p{short}": Policy(deployments=(short,)) for short in names.values()},
        default="pd0",
        budgets=(
            BudgetLimit(scope="tenant", limit_usd=1_000_000),
            BudgetLimit(scope="client", limit_usd=1_000_000),
        ),  # fmt: skip
    )


def _by_langchain(url: str, http: object) -> Stream:
    models = {
        name: ChatOpenAI(
            model=name, base_url=url, api_key=SecretStr("x"), max_retries=0, stream_usage=True, http_async_client=http
        )
        for name in WORDS
    }

    async def stream(name: str) -> int:
        return sum([1 async for chunk in models[name].astream(_REQUEST) if chunk.content])

    return stream


def _by_wire(clients: dict[str, ModelClient]) -> Stream:
    async def stream(name: str) -> int:
        events = clients[name].stream(ChatRequest(_REQUEST))
        return sum([1 async for event in events if isinstance(event, TextDelta)])

    return stream


def _by_gateway(gateway: Gateway) -> Stream:
    names = {name: f"pd{number}" for number, name in enumerate(WORDS)}

    async def stream(name: str) -> int:
        request = ChatRequest(_REQUEST, model=names[name])
        pieces, whole = 0, False
        async for event in gateway.stream(request, CallContext(Surface.CHAT, 120.0, client="bench")):
            pieces += isinstance(event, TextDelta)
            whole = isinstance(event, Finished)
        assert whole
        return pieces

    return stream


async def _many(stream: Stream, name: str, calls: int, at_once: int = _AT_ONCE) -> int:
    """Pieces that came of so many calls. Raises AssertionError for one too few."""
    gate = asyncio.Semaphore(at_once)

    async def one() -> int:
        async with gate:
            pieces = await stream(name)
        assert pieces == WORDS[name], "a piece was lost"
        return pieces

    return sum(await asyncio.gather(*(one() for _ in range(calls))))


async def _cpu(work: Awaitable[int], calls: int) -> float:
    """Milliseconds of CPU per call."""
    before = time.process_time()
    await work
    return (time.process_time() - before) / calls * 1000


async def _wave(stream: Stream, count: int) -> dict[str, float]:
    """So many streams at the same time, 20 ms between two pieces."""
    started, cpu = time.perf_counter(), time.process_time()
    pieces = await _many(stream, SLOW, count, at_once=count)
    seconds = time.perf_counter() - started
    return {
        "streams": count, "pieces_per_s": pieces / seconds, "rss_mb": resident_mb(),
        "cpu_share": (time.process_time() - cpu) / seconds,
    }  # fmt: skip


def resident_mb(process: int | str = "self") -> float:
    """Physical memory of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / 2**20


if __name__ == "__main__":
    main()
