"""From the body of POST /webhook to the task that is accepted: who answers, who is told, in which conversation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from api.dependencies import Caller, Parts
from handlers.conversas.requests import Pergunta, PerguntaRecebida
from shared.conversations import store
from shared.conversations.questions import Opening
from shared.conversations.records import Owner
from shared.conversations.turns import NewQuestion
from shared.errors import BodyTooLarge, InvalidField
from shared.notifications.receivers import Receivers
from shared.tasks.traits import traits_of

DOMAIN, EVENT = "conversas", "resposta"
_REGISTER = "registre-o em [endpoints] do arquivo de CONTACTS_FILE e reinicie a API e os trabalhadores"


@dataclass(frozen=True, slots=True)
class Headers:
    """What the headers say of one question."""

    idempotency_key: str | None
    traceparent: str | None


def question_of(received: PerguntaRecebida, parts: Parts) -> Pergunta:
    """The question as it is kept, its receiver by id. Raises InvalidField, or BodyTooLarge for the model's limit."""
    if received.model is not None and received.model not in {card.id for card in parts.gateway.models()}:
        raise InvalidField([("model", "não é um modelo nem uma política daqui; veja GET /api/llm/models")])
    limit = parts.settings.model.model_max_prompt_chars
    if len(received.message) + len(received.system or "") > limit:
        raise BodyTooLarge(f"message e system juntos passam do limite de {limit} caracteres")
    name, url = _receiver(received, parts.receivers)
    return Pergunta.model_validate(received.model_dump() | {"callback_id": name, "callback_url": url})


def _receiver(received: PerguntaRecebida, receivers: Receivers) -> tuple[str, str | None]:
    """Its id, and the address where that is not the registered one itself."""
    if (received.callback_id is None) == (received.callback_url is None):
        raise InvalidField(
            [("callback_id", "informe callback_id ou callback_url, um dos dois, de um receptor registrado")]
        )
    if received.callback_id is not None:
        if received.callback_id not in receivers:
            raise InvalidField([("callback_id", f"nenhum receptor tem este identificador; {_REGISTER}")])
        return received.callback_id, None
    url = received.callback_url or ""
    name = receivers.of_url(url)
    if name is None:
        raise InvalidField([("callback_url", f"nenhum receptor está registrado para este endereço; {_REGISTER}")])
    return name, url if url != receivers.addresses[name].url else None


def new_question(
    question: Pergunta, received: PerguntaRecebida, parts: Parts, caller: Caller, headers: Headers
) -> NewQuestion:
    """A task with an id of its own, not yet durable, in its conversation: the one it names, or a new one."""
    opens = None
    if question.conversation_id is None:
        opens = Opening(str(uuid7()), question.user_id, question.model, question.system)
        question = question.model_copy(update={"conversation_id": opens.id})
    event = parts.domains[DOMAIN].event(EVENT)
    assert event is not None
    # Over what the caller sent: the id of a new conversation differs each time.
    content = f"{EVENT} {received.model_dump_json()}".encode()
    task = parts.submission.new_task(
        DOMAIN,
        EVENT,
        question.model_dump_json(exclude_none=True),
        tenant=caller.tenant,
        client=caller.client,
        idempotency_key=headers.idempotency_key,
        body_hash=hashlib.sha256(content).hexdigest() if headers.idempotency_key else "",
        traceparent=headers.traceparent,
        traits=traits_of(event, question, parts.blind.of(caller.tenant)),
    )
    return NewQuestion(task, opens)


def check_conversation(connection: Connection, caller: Caller, question: Pergunta) -> None:
    """Raises NotFound, also for somebody else's; InvalidField where it is held with another user."""
    if question.conversation_id is None:
        return
    conversation = store.get(connection, Owner(caller.tenant, caller.client), question.conversation_id)
    if question.user_id is not None and question.user_id != conversation.user_id:
        raise InvalidField([("user_id", "a conversa é de outro usuário, ou de nenhum; comece outra")])
