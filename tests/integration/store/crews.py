"""Real crews on a real store: an execution of `exames` whose models are two providers, the first of which fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import select, update

from handlers.crew_handler import CrewHandler
from shared import clock
from shared.database import Database
from shared.llm.assembly import open_gateway
from shared.llm.backoff import Backoff
from shared.llm.blocking import BlockingGateway
from shared.llm.catalogue import BreakerLimits, Catalogue, Deployment, Policy, Prices
from shared.llm.schema import attempts
from shared.settings import DomainSettings, WorkerSettings, load_settings
from shared.tasks.fleet import Heartbeat
from shared.tasks.schema import tasks
from tests.integration.store.executing import BLIND, OWNER
from tests.integration.store.rows import accept, new_task
from tests.unit.workers.runs import Answers
from workers.attempt import DomainWork
from workers.execution import Execution
from workers.keeper import Keeper
from workers.writes import Writes

EVENT = "exame"  # one agent, two calls: its tools, then its text
CALLS = 2
WORKER = WorkerSettings(retry_max_attempts=2, retry_base_s=100, retry_cap_s=100, task_deadline_s=600)
_RESTING = BreakerLimits(failures=5, open_s=3600, lasting_s=3600, open_cap_s=3600)


def catalogue(first: str, second: str, attempt_s: float = 120.0) -> Catalogue:
    """Two deployments in the house; `attempt_s` is how long the first is given per attempt."""
    dear, cheap = Prices(input=3, output=15), Prices(input=1, output=10)
    return Catalogue(
        deployments={
            "primeira": _deployment(first, dear, attempt_s),
            "segunda": _deployment(second, cheap, 120.0),
        },
        policies={"padrao": Policy(deployments=("primeira", "segunda"), retries=1)},
        breaker=_RESTING,
    )


def _deployment(url: str, prices: Prices, deadline_s: float) -> Deployment:
    return Deployment(provider="openai_compatible", model="llmock", base_url=url, prices=prices, deadline_s=deadline_s)


@contextmanager
def gateway_over(database: Database, models: Catalogue) -> Iterator[BlockingGateway]:
    gateway = BlockingGateway(lambda: open_gateway(load_settings(), database, models, backoff=Backoff(base_s=0.001)))
    try:
        yield gateway
    finally:
        gateway.close()


@contextmanager
def crews(database: Database, **gateways: BlockingGateway) -> Iterator[Execution]:
    """An execution with its keeper; `gateways` says which models the crew of an event asks."""
    work = DomainWork.load(DomainSettings(), "exames")
    handlers: dict[str, Any] = {
        event: cast(CrewHandler, work.handlers[event]).using(gateway, "pt") for event, gateway in gateways.items()
    }
    execution = Execution(DomainWork(work.domain, handlers), OWNER, Writes(database), WORKER, BLIND)
    beat = Heartbeat(OWNER, "consumer", "pika", "h", os.getpid(), "0", "ready", clock.now())
    keeper = Keeper(database, execution, OWNER, os.getppid(), WORKER, lambda: beat, lambda: None)
    try:
        yield execution
    finally:
        keeper.close()
        execution._commits.close()


def submitted(database: Database, execution: Execution, event: str, count: int) -> list[str]:
    """The ids of `count` tasks with the event's own example, as the API leaves them."""
    declared = execution._work.domain.event(event)
    assert declared is not None
    request = declared.request.model_validate({**declared.example, **declared.path_example})
    items = [new_task(domain="exames", event=event) for _ in range(count)]
    accept(database, *items)
    ids = [item.id for item in items]
    with database.write() as connection:
        statement = update(tasks).where(tasks.c.id.in_(ids))
        connection.execute(statement.values(payload=request.model_dump_json()))
    return ids


def deliver(execution: Execution, task_id: str) -> bool:
    """One message of the broker; True: acknowledged."""
    return execution.process(Answers().delivery({"task_id": task_id, "event": "any", "attempt": 1}))


def ledger(database: Database, *subjects: str) -> list[Any]:
    """The attempts made for these tasks."""
    with database.read() as connection:
        rows = connection.execute(select(attempts).where(attempts.c.subject_id.in_(subjects)).order_by(attempts.c.id))
        return list(rows)
