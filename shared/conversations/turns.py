"""A question and its answer as one turn of a conversation: how work that is done elsewhere meets what was said.

The question is a task. Its turn enters the conversation whole, in the transaction that keeps the task's result, so the
order of what was said is the order in which the conversation's tasks are worked on, and a turn is there once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.conversations import attachments, messages, store, summaries
from shared.conversations.questions import Opening, Said, Turn
from shared.conversations.records import MessageStatus, Owner, Role
from shared.conversations.schema import conversation_messages, conversations
from shared.errors import IdempotencyMismatch, NotFound
from shared.llm.contract import Surface
from shared.tasks import acceptance
from shared.tasks.acceptance import Accepted, NewTask
from shared.tasks.schema import tasks

_m = conversation_messages.c
_c = conversations.c
_t = tasks.c
_NAMED = "os anexos da conversa nomeiam pessoas, e este canal não os lê: só modelos da instituição podem responder"


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question to be accepted; `opens` where it begins a conversation."""

    task: NewTask
    opens: Opening | None


def accept(connection: Connection, items: Sequence[NewQuestion]) -> list[Accepted | IdempotencyMismatch]:
    """The tasks as `acceptance.accept`; with those that are new, the conversations that they begin."""
    answers = acceptance.accept(connection, [item.task for item in items])
    for item, answer in zip(items, answers, strict=True):
        if item.opens is not None and isinstance(answer, Accepted) and answer.created:
            _open(connection, Owner(item.task.tenant, item.task.client), item.opens)
    return answers


def owner_of(connection: Connection, task_id: str) -> Owner:
    """Who asked."""
    return Owner(*connection.execute(select(_t.tenant, _t.client).where(_t.id == task_id)).one())


def conversation_of(connection: Connection, task_id: str) -> str:
    """The conversation of an accepted question."""
    found: str = connection.execute(select(_t.sequence).where(_t.id == task_id)).scalar_one()
    return found


def said_before(connection: Connection, task_id: str, conversation_id: str | None) -> Said:
    """What was said before the question `task_id`, oldest first, without its own turn where that stands already.

    Raises NotFound for a conversation that was erased, or is somebody else's.
    """
    owner = owner_of(connection, task_id)
    if conversation_id is None:
        return Said(owner, None, [])
    conversation = store.get(connection, owner, conversation_id)
    own = connection.execute(select(_m.parent_id).where(_m.id == task_id)).one_or_none()
    leaf = messages.newest_leaf(connection, conversation.id) if own is None else own.parent_id
    before = messages.path(connection, conversation.id, leaf) if leaf else []
    summary = summaries.newest(connection, conversation.id, before) if before else None
    # What was said about a file names whom the file names; here nobody reads it to know who that is.
    named = any(one.names_people for one in attachments.of_conversation(connection, conversation.id))
    return Said(owner, conversation, before, summary.content if summary else None, _NAMED if named else "")


def keep(connection: Connection, owner: Owner, opening: Opening, turn: Turn, *, begins: bool) -> None:
    """Put the turn at the end of its conversation. The question has the task's id; the answer of a replay takes the
    place of the first one.

    With `begins` the conversation is made where it is missing; else one that was erased meanwhile stays erased.
    """
    if begins:
        _open(connection, owner, opening)
    try:
        # Locked: who erases it now, or says something else in it, does so after this turn.
        conversation = store.get(connection, owner, opening.id, lock=True)
    except NotFound:
        return
    asked = connection.execute(select(_m.id).where(_m.id == turn.task_id)).one_or_none()
    if asked is not None:
        _replace(connection, turn)
        return
    parent = messages.newest_leaf(connection, conversation.id)
    question = messages.append(
        connection, conversation, Role.USER, turn.question, parent_id=parent, message_id=turn.task_id
    )
    moment = now()
    row = {
        "id": _answer_id(turn.task_id),
        "seq": store.take_seqs(connection, conversation.id, 1, moment),
        "parent_id": question.id,
        "role": Role.ASSISTANT.value,
        "status": MessageStatus.COMPLETE.value,
        "created_at": moment,
        "finished_at": moment,
    }
    messages.add(connection, conversation, row | turn.answer)


def _replace(connection: Connection, turn: Turn) -> None:
    values = turn.answer | {"finished_at": now()}
    connection.execute(update(conversation_messages).where(_m.id == _answer_id(turn.task_id)).values(values))


def _open(connection: Connection, owner: Owner, opening: Opening) -> None:
    """Make the conversation, unless it is there: a batch may be written twice."""
    if connection.execute(select(_c.id).where(_c.id == opening.id)).one_or_none() is None:
        store.create(
            connection,
            owner,
            Surface.WEBHOOK,
            conversation_id=opening.id,
            user_id=opening.user_id,
            model=opening.model,
            system=opening.system,
        )


def _answer_id(task_id: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"plantao:answer:{task_id}"))
