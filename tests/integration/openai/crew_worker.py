"""A worker in small: it claims what is accepted, lets the event's own rules judge it and ends it as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from handlers.registry import load_domains
from shared.database import Database
from shared.execution import Run
from shared.findings import Avaliacao
from shared.tasks import claiming, finding, settling
from shared.tasks.claiming import Claimed, ClaimRequest
from shared.tasks.finding import Findings
from shared.tasks.schema import tasks
from shared.tasks.settling import Settlement
from shared.tasks.states import WAITING

DOMAINS = load_domains(["handlers"])
End = Callable[[Claimed, Any, Avaliacao], Settlement]


def example(domain: str, event: str) -> dict[str, Any]:
    """The event's own example, path fields included: a valid JSON for its crew."""
    declared = DOMAINS[domain].event(event)
    assert declared
    return declared.example | declared.path_example


@contextmanager
def working(database: Database, rules: Callable[[Any, Any], Avaliacao], end: End) -> Iterator[None]:
    """Work in a thread until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=_work, args=(database, rules, end, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def accepted(database: Database) -> list[Any]:
    """Every task's row, oldest first."""
    with database.read() as connection:
        return list(connection.execute(select(tasks).order_by(tasks.c.created_at)))


def _work(database: Database, rules: Callable[[Any, Any], Avaliacao], end: End, over: threading.Event) -> None:
    while not over.wait(0.02):
        for row in accepted(database):
            if row.status in WAITING:
                _do(database, row, rules, end)


def _do(database: Database, row: Any, rules: Callable[[Any, Run | None], Avaliacao], end: End) -> None:
    event = DOMAINS[row.domain].event(row.event)
    assert event
    request = event.request.model_validate_json(row.payload)
    evaluation = rules(request, None)
    alerts = [
        {"id": found.id, "achado": found.id, "codigo": found.codigo, "descricao": found.descricao}
        for found in evaluation.criticos
    ]
    with database.write() as connection:
        (claim,) = claiming.claim(connection, [ClaimRequest(row.id, row.domain, "w1", 60)])
    assert isinstance(claim, Claimed)
    with database.write() as connection:
        found = Findings(row.id, claim.fence, claim.run, evaluation.model_dump(mode="json"), alerts)
        finding.save_findings(connection, [found])
    with database.write() as connection:
        settling.settle(connection, [end(claim, request, evaluation)])
