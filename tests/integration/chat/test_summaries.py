"""Long conversations: what no longer fits is summarised behind the talk, and the talk never waits for it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shared.conversations.schema import conversation_summaries
from shared.database import Database
from shared.errors import ModelUnavailable
from shared.llm.contract import Surface
from tests.integration.chat.scripted import ScriptedGateway, Step
from tests.integration.chat.serving import Served, until

LONG = "a" * 380  # about a hundred tokens; the window below holds seven such messages
WINDOW = 1_024


async def _talk(served: Served, turns: int, talk: str | None = None) -> str:
    for number in range(turns):
        body = {"conversation_id": talk} if talk else {}
        talk = str((await served.said(f"{number}{LONG}", **body))["conversation_id"])
    assert talk is not None
    return talk


async def test_the_older_half_is_summarised_and_used(
    served: Served, gateway: ScriptedGateway, database: Database
) -> None:
    gateway.context_tokens = WINDOW
    gateway.scripts = [[LONG], [LONG], [LONG], ["Falou-se de sepse."], ["curta"]]
    talk = await _talk(served, 3)

    async def stored() -> list[str]:
        with database.read() as connection:
            return list(connection.execute(select(conversation_summaries.c.content)).scalars())

    assert await until(stored) == ["Falou-se de sepse."]
    asked, context = gateway.requests[3], gateway.contexts[3]
    assert "Resuma" in asked.messages[0]["content"] and f"0{LONG}" in asked.messages[1]["content"]
    assert f"2{LONG}" not in asked.messages[1]["content"]
    assert (context.surface, context.subject_id) == (Surface.CHAT, talk)
    assert context.request_id not in {one.request_id for one in gateway.contexts[:3]}
    await served.said("b" * 1_000, conversation_id=talk)
    head = gateway.requests[4].messages[0]
    assert head["role"] == "system" and head["content"].endswith("Falou-se de sepse.")
    assert gateway.requests[4].messages[1]["role"] == "user"


@pytest.mark.parametrize("failed", [[ModelUnavailable("fora")], []], ids=["away", "says nothing"])
async def test_a_talk_goes_on_without_the_summary_that_failed(
    served: Served, gateway: ScriptedGateway, database: Database, failed: list[Step]
) -> None:
    gateway.context_tokens = WINDOW
    gateway.scripts = [[LONG], [LONG], [LONG], failed, ["curta"], failed]
    talk = await _talk(served, 3)

    async def asked() -> bool:
        return len(gateway.requests) == 4

    await until(asked)
    answer = await served.said("b" * 1_000, conversation_id=talk)
    assert answer["content"] == "curta"
    shown = gateway.requests[4].messages
    assert shown[0]["role"] == "user" and len(shown) < 7
    with database.read() as connection:
        assert connection.execute(select(conversation_summaries.c.content)).all() == []
