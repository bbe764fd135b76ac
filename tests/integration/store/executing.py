"""What the tests of execution share: one made on a real store, its messages, and what the store says after."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import update

from shared.database import Database
from shared.privacy.blind_index import BlindIndexes
from shared.settings import DomainSettings, WorkerSettings
from shared.tasks import reading, rejected
from shared.tasks.schema import tasks
from tests.integration.store.rows import (
    TENANT,
    accept,
    new_task,
)
from tests.unit.workers.runs import Answers
from workers.attempt import DomainWork
from workers.execution import Execution
from workers.writes import Writes

OWNER = "w1"
WORK = DomainWork.load(DomainSettings(domain_packages=["tests.fixtures.domains"]), "eco")
WORKER = WorkerSettings(retry_max_attempts=2, retry_base_s=100, retry_cap_s=100)
BLIND = BlindIndexes("chave-dos-testes")
SECRET = "segredo-que-nao-pode-vazar"


def make(database: Database, worker: WorkerSettings = WORKER, **handlers: Any) -> Execution:
    work = DomainWork(WORK.domain, WORK.handlers | handlers)
    return Execution(work, OWNER, Writes(database), worker, BLIND)


def own(database: Database, event: str, **payload: Any) -> str:
    """A task of our own API, as its row."""
    item = new_task()
    accept(database, item)
    with database.write() as connection:
        connection.execute(update(tasks).where(tasks.c.id == item.id).values(event=event, payload=json.dumps(payload)))
    return item.id


def hint(task_id: str) -> dict[str, Any]:
    return {"task_id": task_id, "event": "eco", "attempt": 1}


def process(execution: Execution, body: bytes | dict[str, Any], message_id: str | None = None) -> bool:
    return execution.process(Answers().delivery(body, message_id))


def view(database: Database, task_id: str) -> Any:
    with database.read() as connection:
        return reading.find(connection, TENANT, task_id)


def rejections(database: Database) -> list[dict[str, Any]]:
    with database.read() as connection:
        return rejected.page(connection, None, 10)
