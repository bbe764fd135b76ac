"""The law of counts: however processes and connections die, what went in comes out, each once. On both engines."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.timeline import Line, follow
from tests.platform import TERMINAL, Platform, running_platform

TASKS = 300
PATIENTS = 12
SEED = 20_261_120
# Enough to hit every phase, few enough that a task of everybody's misfortune stays under four deaths.
BLOWS = 6
Request = tuple[str, dict[str, Any]]


@pytest.fixture
def platform(
    engine: str, rabbit: RabbitNode, eco: Vhost, module_postgres_url: str, tmp_path: Path
) -> Iterator[Platform]:
    eco.empty()
    with running_platform(rabbit, module_postgres_url, tmp_path, engine, CRASH_LOOP_RESTARTS="50") as running:
        yield running


def mixed(dice: random.Random, number: int, folder: Path) -> Request:
    """One request of any kind; some fail, some are refused, some hurry, some wait, a few kill their worker."""
    step = {"paciente": {"prontuario": str(dice.randrange(PATIENTS))}, "segundos": dice.choice([0.05, 0.2])}
    kinds_of_work: list[tuple[int, str, dict[str, Any]]] = [
        (45, "", {"texto": f"pedido {number}"}),
        (10, "lento/", {"segundos": dice.choice([0.05, 0.2])}),
        (10, "entrada/", step | {"urgente": dice.random() < 0.5}),
        (10, "saida/", step | {"urgente": dice.random() < 0.5}),
        (10, "instavel/", {"falhas": dice.choice([1, 2, 9])}),
        (7, "recusado/", {}),
        (7, "regra/", {"motivo": "sem idade"}),
        (1, "mortal/", {"mortes": 1, "arquivo": str(folder / f"mortes-{number}")}),
    ]
    _, path, body = dice.choices(kinds_of_work, weights=[weight for weight, _, _ in kinds_of_work])[0]
    return f"/api/eco/{path}", body


def overtaken_stays(requests: dict[str, Request], told: dict[str, list[Line]]) -> list[tuple[str, str]]:
    """(entry, exit) of one patient where the exit was claimed before the entry that was accepted earlier had ended.

    By the order in which the store wrote their lines: a transaction's time is when it began.
    """

    def steps(path: str) -> list[str]:
        return [task for task, request in requests.items() if request[0].endswith(path)]

    def accepted_at(task: str) -> datetime:
        return datetime.fromisoformat(told[task][0].data["at"])

    def line(task: str, kinds: set[str]) -> int:
        return next(line.id for line in told[task] if line.kind in kinds)

    return [
        (entry, leaving)
        for entry in steps("/entrada/")
        for leaving in steps("/saida/")
        if requests[entry][1]["paciente"] == requests[leaving][1]["paciente"]
        and accepted_at(entry) < accepted_at(leaving)
        and line(leaving, {"claimed"}) < line(entry, {"completed", "failed"})
    ]


def test_everything_accepted_ends_and_ends_once(platform: Platform, eco: Vhost, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    requests = [mixed(dice, number, tmp_path) for number in range(TASKS)]
    blows: list[Callable[[], object]] = [lambda: platform.kill_consumer("eco"), eco.cut_connections]
    # The first two blows are one of each, the rest as the dice fall.
    order = blows + [dice.choice(blows) for _ in range(BLOWS - len(blows))]
    over = threading.Event()

    def strike() -> None:
        for blow in order:
            if not over.wait(dice.uniform(0.2, 1.2)):
                blow()

    with ThreadPoolExecutor(5) as pool:
        killer = pool.submit(strike)
        accepted = list(pool.map(lambda request: platform.submit(*request), requests))
        views = {task: platform.finished(task) for task in accepted}
        over.set()
        killer.result()

    assert len(set(accepted)) == TASKS
    assert set(Counter(view["status"] for view in views.values())) <= TERMINAL
    told = {task: list(follow(platform.client, task)) for task in accepted}
    assert overtaken_stays(dict(zip(accepted, requests, strict=True)), told) == []
    for task, view in views.items():
        lines = Counter(line.kind for line in told[task])
        results = platform.client.get(f"/api/tasks/{task}/results").json()
        ended = lines["completed"] + lines["failed"]
        expected = 1 if view["status"] == "completed" else 0
        assert (ended, lines["completed"], len(results)) == (1, expected, expected), (view, lines)
        assert lines["alert"] <= 1
    assert "child_died" in platform.full_log()  # the killer did strike
    assert platform.client.get("/health").json()["unpublished"] == 0
