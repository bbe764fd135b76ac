"""Questions to models over a real store: accepted as the API accepts them, worked on as a worker does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from handlers.conversas.conversa import guardar
from handlers.conversas.domain import DOMAIN
from handlers.conversas.handler import QuestionHandler
from handlers.conversas.requests import Pergunta
from shared import clock
from shared.conversations import messages, store, turns
from shared.conversations.questions import Opening, Said
from shared.conversations.records import Owner
from shared.conversations.turns import NewQuestion
from shared.database import Database
from shared.errors import NotFound, RulesFailed
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Usage
from shared.llm.interruption import Interruption
from shared.privacy.blind_index import BlindIndexes
from shared.settings import WorkerSettings
from shared.tasks.acceptance import Accepted, NewTask
from shared.tasks.schema import tasks
from shared.tasks.traits import traits_of
from tests.unit.workers.runs import Answers
from workers.attempt import DomainWork
from workers.execution import Execution
from workers.writes import Writes

OWNER = Owner("default", "tests")
WORKER = WorkerSettings(retry_max_attempts=2, retry_base_s=0.001, retry_cap_s=0.001)
(EVENT,) = DOMAIN.events


class FakeModels:
    """Answers "resposta 1", "resposta 2", …; keeps what it was asked; fails with what stands in `failures` first."""

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []
        self.contexts: list[CallContext] = []
        self.failures: list[Exception] = []

    def complete(self, request: ChatRequest, context: CallContext, *, interruption: Interruption) -> ChatReply:
        self.asked.append(request)
        self.contexts.append(context)
        if self.failures:
            raise self.failures.pop(0)
        text, usage = f"resposta {len(self.asked)}", Usage(12, 7, "provider")
        return ChatReply(text, (), "stop", usage, "offline", "modelo", "unico", "pedido-1", cost_microusd=5)

    def prompt(self, number: int) -> list[tuple[str, str]]:
        """(role, content) of each message of the call `number`."""
        return [(one["role"], one["content"]) for one in self.asked[number].messages]


def question(
    database: Database, message: str, conversation: str | None = None, owner: Owner = OWNER, **fields: Any
) -> tuple[str, str]:
    """(task id, conversation id) of an accepted question; without `conversation` it begins one."""
    opens = None if conversation else Opening(str(uuid4()), system=fields.get("system"))
    named = conversation or (opens.id if opens else "")
    asked = Pergunta(message=message, callback_id="atendimento", conversation_id=named, **fields)
    moment = clock.now()
    task = NewTask(
        id=str(uuid4()),
        tenant=owner.tenant,
        client=owner.client,
        domain="conversas",
        event="resposta",
        payload=asked.model_dump_json(exclude_none=True),
        created_at=moment,
        publish_at=moment,
        traits=traits_of(EVENT, asked, BlindIndexes("k").of(owner.tenant)),
    )
    with database.write() as connection:
        (answer,) = turns.accept(connection, [NewQuestion(task, opens)])
    assert isinstance(answer, Accepted)
    return answer.task_id, named


@contextmanager
def working(database: Database, models: FakeModels, **handlers: Any) -> Iterator[Execution]:
    """An execution of the domain `conversas` on this store."""

    def said(task_id: str, asked: Pergunta) -> Said:
        try:
            with database.read() as connection:
                return turns.said_before(connection, task_id, asked.conversation_id)
        except NotFound:
            raise RulesFailed("a conversa não existe") from None

    handler = handlers.get("resposta") or QuestionHandler(lambda: models, said)
    work = DomainWork(DOMAIN, {"resposta": handler}, effects={"resposta": guardar})
    made = Execution(work, "w1", Writes(database), WORKER, BlindIndexes("k"))
    try:
        yield made
    finally:
        made._commits.close()


def work_on(execution: Execution, task_id: str) -> bool:
    return execution.process(Answers().delivery({"task_id": task_id, "event": "resposta", "attempt": 1}, None))


def said_in(database: Database, conversation_id: str, owner: Owner = OWNER) -> list[tuple[str, str]]:
    """(role, content) of each message of the conversation, in order."""
    with database.read() as connection:
        found = store.get(connection, owner, conversation_id)
        return [(one.role, one.content) for one in messages.page(connection, found.id, 0, 200)]


def status(database: Database, task_id: str) -> tuple[str, str | None]:
    """Its status, and the code of its error."""
    with database.read() as connection:
        row = connection.execute(select(tasks.c.status, tasks.c.error).where(tasks.c.id == task_id)).one()
        return row.status, (row.error or {}).get("code")
