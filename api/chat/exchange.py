"""One exchange in the store, in one transaction: the conversation, the question, the place for its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from api.chat.attaching import Attached, Files, attached_to
from api.chat.prompt import Prompt, card_of, prompt, with_last
from api.chat.requests import NewMessage
from shared.conversations import answers, messages, store
from shared.conversations.answers import NewAnswer
from shared.conversations.people.searching import People
from shared.conversations.questions import unsent
from shared.conversations.records import Conversation, Message, Owner, Role
from shared.errors import InvalidField
from shared.llm.contract import ModelCard, Surface

_TITLE_LENGTH = 80
_PLACES = 2  # of a question and its answer in the order of a conversation


@dataclass(frozen=True, slots=True)
class Asked:
    """A validated request with what the process adds to it."""

    owner: Owner
    body: NewMessage
    key: str | None
    cards: Sequence[ModelCard]
    max_characters: int
    files: Files
    process: str
    lease_s: float

    @property
    def body_hash(self) -> str:
        """Of what is asked; how the caller wants to read the answer is no part of it."""
        text = self.body.model_dump_json(exclude={"stream", "background"})
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Exchange:
    """`prompt` is None where the answer was begun by an earlier request with the same key. `people`: of its files."""

    conversation: Conversation
    answer: Message
    prompt: Prompt | None = None
    people: People = People()
    new_conversation: bool = False


def open_exchange(connection: Connection, asked: Asked) -> Exchange:
    """Everything or nothing is written.

    Raises NotFound, UnknownModel, InvalidField (a parent that cannot be one), Conflict (an answer is on its way),
    IdempotencyMismatch, ContextOverflow, PromptTooLarge, or FilesWanted: read them and call it again.
    """
    earlier = answers.known(connection, asked.owner, asked.key, asked.body_hash) if asked.key else None
    if earlier is not None:
        return Exchange(store.get(connection, asked.owner, earlier.conversation_id), earlier)
    card_of(asked.cards, asked.body.model)
    conversation, new = _conversation(connection, asked)
    card = card_of(asked.cards, asked.body.model or conversation.model)
    if asked.body.regenerate is not None:
        return _asked_again(connection, conversation, asked, card)
    return _asked_anew(connection, conversation, asked, card, new)


def _conversation(connection: Connection, asked: Asked) -> tuple[Conversation, bool]:
    body = asked.body
    if body.conversation_id is not None:
        return store.get(connection, asked.owner, body.conversation_id, lock=True), False
    title = " ".join((body.content or "").split())[:_TITLE_LENGTH] or None
    return store.create(connection, asked.owner, Surface.CHAT, title=title, places=_PLACES), True


def _asked_anew(
    connection: Connection, conversation: Conversation, asked: Asked, card: ModelCard, new: bool
) -> Exchange:
    replaced = _replaced(connection, conversation, asked.body)
    parent = None if new else _parent(connection, conversation, asked.body, replaced)
    before = messages.path(connection, conversation.id, parent) if parent else []
    kept = replaced.files if replaced and asked.body.anexos is None else []
    attached = attached_to(connection, conversation, asked.files, named=asked.body.anexos or (), kept=kept, new=new)
    said = unsent(conversation.owner, asked.body.content or "", parent_id=parent, files=attached.own)
    made = _prompt(connection, conversation, [*before, said], asked, card, attached)
    answer = _answer(asked, conversation, parent)
    question, begun = answers.ask(connection, conversation, said, answer, first_place=1 if new else None)
    return Exchange(conversation, begun, with_last(made, question), attached.people, new)


def _asked_again(connection: Connection, conversation: Conversation, asked: Asked, card: ModelCard) -> Exchange:
    field = "regenerate"
    named = _named(connection, conversation, asked.body.regenerate or "", field)
    if named.role == Role.ASSISTANT and named.parent_id is not None:
        named = _named(connection, conversation, named.parent_id, field)
    if named.role != Role.USER:
        raise InvalidField([(field, "deve ser uma mensagem de usuário ou a resposta a uma")])
    path = messages.path(connection, conversation.id, named.id)
    attached = attached_to(connection, conversation, asked.files)
    made = _prompt(connection, conversation, path, asked, card, attached)
    answer = _answer(asked, conversation, named.id)
    return Exchange(conversation, answers.begin(connection, conversation, answer), made, attached.people)


def _prompt(
    connection: Connection,
    conversation: Conversation,
    path: list[Message],
    asked: Asked,
    card: ModelCard,
    attached: Attached,
) -> Prompt:
    return prompt(connection, conversation, attached.shown(path), card, asked.max_characters)


def _answer(asked: Asked, conversation: Conversation, parent_id: str | None) -> NewAnswer:
    return NewAnswer(
        parent_id=parent_id,
        owner=asked.process,
        lease_s=asked.lease_s,
        request_id=str(uuid7()),
        model=asked.body.model or conversation.model,
        idempotency_key=asked.key,
        body_hash=asked.body_hash if asked.key else None,
    )


def _replaced(connection: Connection, conversation: Conversation, body: NewMessage) -> Message | None:
    if body.replaces is None:
        return None
    replaced = _named(connection, conversation, body.replaces, "replaces")
    if replaced.role != Role.USER:
        raise InvalidField([("replaces", "deve ser uma mensagem de usuário; para outra resposta use regenerate")])
    return replaced


def _parent(
    connection: Connection, conversation: Conversation, body: NewMessage, replaced: Message | None
) -> str | None:
    """What the new message follows; None: it begins the conversation, or begins it anew."""
    if replaced is not None:
        return replaced.parent_id
    if body.parent_id is not None:
        parent = _named(connection, conversation, body.parent_id, "parent_id")
        if parent.streaming:
            raise InvalidField([("parent_id", "essa resposta ainda está sendo gerada")])
        return parent.id
    return messages.newest_leaf(connection, conversation.id)


def _named(connection: Connection, conversation: Conversation, message_id: str, field: str) -> Message:
    found = messages.find(connection, conversation.id, message_id)
    if found is None:
        raise InvalidField([(field, "não é uma mensagem desta conversa")])
    return found
