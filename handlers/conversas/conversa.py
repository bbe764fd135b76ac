"""What a question meets in the store, and the turn that its answer leaves there.

The one place of this domain that reaches the store, through `shared.conversations` and with no statement of its own: a
model is asked with what was said before, and its answer enters the conversation in the transaction that keeps it.
"""

from __future__ import annotations

from typing import Any

from handlers.conversas.requests import Pergunta
from shared.conversations import turns
from shared.conversations.questions import Opening, Said, Turn
from shared.database import process_database
from shared.errors import NotFound, RulesFailed, StoreUnavailable, TransientFailure
from shared.execution import Done


def dito_antes(task_id: str, pergunta: Pergunta) -> Said:
    """Raises RulesFailed for a conversation that is not (any more) the caller's, TransientFailure without a store."""
    try:
        with process_database().read() as connection:
            return turns.said_before(connection, task_id, pergunta.conversation_id)
    except NotFound:
        raise RulesFailed("a conversa não existe ou foi apagada") from None
    except StoreUnavailable as away:
        raise TransientFailure(away.detail) from away


def guardar(done: Done, connection: Any) -> None:
    """The effect of `resposta`: its turn, in the transaction of its result."""
    pergunta: Pergunta = done.request
    opening = Opening(pergunta.conversation_id or done.task_id, pergunta.user_id, pergunta.model, pergunta.system)
    usage = done.result["usage"]
    answer = {
        "content": done.result["content"],
        "finish_reason": done.result["finish_reason"],
        "model": pergunta.model,
        "deployment": done.result["model"],
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["completion_tokens"],
        "usage_source": usage["source"],
        "cost_microusd": usage["cost_microusd"],
        "request_id": done.result["model_request_id"],
    }
    turns.keep(
        connection,
        turns.owner_of(connection, done.task_id),
        opening,
        Turn(done.task_id, pergunta.message, answer),
        begins=pergunta.conversation_id is None,
    )
