"""What a model is asked for a question: as much of the conversation as fits, in whose name, about whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from handlers.conversas import prompt
from handlers.conversas.requests import Pergunta
from shared import clock
from shared.conversations.questions import Said, unsent
from shared.conversations.records import Conversation, Message, Owner, Role
from shared.llm.errors import PromptTooLarge
from shared.settings import settings
from tests.unit.crews.support import RecordingRun

OWNER = Owner("casa", "robo")


@pytest.fixture(autouse=True)
def _small_window(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A house whose prompts hold 1,000 characters."""
    monkeypatch.setenv("MODEL_MAX_PROMPT_CHARS", "1000")
    settings.cache_clear()
    yield
    settings.cache_clear()


def conversation(**changes: Any) -> Conversation:
    fields: dict[str, Any] = dict.fromkeys(Conversation.__slots__)
    moment = clock.now()
    fixed = {"id": "c", "tenant": OWNER.tenant, "client": OWNER.client, "surface": "webhook", "last_seq": 0}
    return Conversation(**fields | fixed | {"version": 1, "created_at": moment, "updated_at": moment} | changes)


def said(*texts: str, **changes: Any) -> Said:
    """User and assistant by turns."""
    messages: list[Message] = []
    for number, text in enumerate(texts):
        one = unsent(OWNER, text, message_id=f"m{number}")
        fields = {name: getattr(one, name) for name in Message.__slots__}
        messages.append(Message(**fields | {"role": (Role.USER if number % 2 == 0 else Role.ASSISTANT).value}))
    return Said(OWNER, conversation(**changes), messages)


def question(message: str = "e agora?", **fields: Any) -> Pergunta:
    return Pergunta(message=message, callback_id="x", **fields)


def test_the_conversation_s_own_model_and_instructions_hold_until_the_question_names_others() -> None:
    before = said("oi", "olá", model="padrao", system="Seja breve.")
    plain = prompt.asked("t", question(), before)
    named = prompt.asked("t", question(model="unico", system="Em inglês."), before)
    assert (plain.model, plain.messages[0]["content"]) == ("padrao", "Seja breve.")
    assert (named.model, named.messages[0]["content"]) == ("unico", "Em inglês.")
    assert [one["content"] for one in plain.messages[1:]] == ["oi", "olá", "e agora?"]


def test_what_does_not_fit_is_left_out_from_the_beginning() -> None:
    texts = [letter * 300 for letter in "abcd"]
    shown = prompt.asked("t", question(), said(*texts)).messages
    assert [one["content"][0] for one in shown] == ["c", "d", "e"]


def test_a_question_too_long_by_itself_is_refused() -> None:
    with pytest.raises(PromptTooLarge):
        prompt.asked("t", question("x" * 1001), said())


def test_a_question_without_a_conversation_is_asked_alone() -> None:
    shown = prompt.asked("t", question(), Said(OWNER, None, []))
    assert (shown.model, shown.messages) == (None, [{"role": "user", "content": "e agora?"}])


def test_the_people_of_a_conversation_are_known_to_the_gateway() -> None:
    patient = {"nome": "Rosa Ivonete Carrilho", "cpf": "83368671634"}
    context = prompt.context(said(patient=patient), RecordingRun())
    assert context.identifiers.names == frozenset(patient.values())
    assert (context.tenant, context.client, context.free_text) == ("casa", "robo", True)
    assert prompt.context(said(), RecordingRun()).identifiers.names == frozenset()
