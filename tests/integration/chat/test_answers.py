"""Asking over a real socket: JSON, streams, failures before and after the first piece."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from shared.clock import now
from shared.conversations.schema import conversation_messages
from shared.database import Database
from shared.errors import ModelUnavailable
from shared.llm.contract import Surface
from shared.llm.errors import AnswerBroken, BudgetExhausted
from tests.integration.chat.scripted import ScriptedGateway
from tests.integration.chat.serving import CONVERSATIONS, MESSAGES, Served, events, text_of, until


async def test_a_whole_answer_is_json(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Bom ", "dia"]]
    answer = await served.say("Oi")
    body = answer.json()
    assert (answer.status_code, body["content"], body["status"]) == (200, "Bom dia", "complete")
    assert (body["usage"]["prompt_tokens"], body["cost_microusd"], body["deployment"]) == (10, 7, "fio")
    assert answer.headers["location"] == f"{MESSAGES}/{body['id']}"
    assert await served.message(body["id"]) == body
    context = gateway.contexts[0]
    assert (context.surface, context.subject_id, context.free_text) == (Surface.CHAT, body["id"], True)


async def test_a_stream_ends_complete_and_does_not_repeat_the_text(served: Served, gateway: ScriptedGateway) -> None:
    gate = asyncio.Event()
    gateway.scripts = [["Olá, ", gate, "você 👩\u200d⚕️\n", "2"]]
    seen = []
    async with served.client.stream("POST", MESSAGES, json={"content": "Oi", "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        async for event in events(response):
            seen.append(event)
            if event.data["content"]:
                gate.set()
    assert [event.name for event in seen][:1] + [seen[-1].name] == ["start", "complete"]
    assert text_of(seen) == "Olá, você 👩\u200d⚕️\n2"
    assert seen[1].data["content"] == "Olá, " and seen[1].id == 5
    assert seen[-2].id == len(text_of(seen))
    end = seen[-1].data
    assert (end["status"], end["finish_reason"], end["usage"]["completion_tokens"]) == ("complete", "stop", 20)
    kept = await served.message(end["message_id"])
    assert (kept["content"], kept["status"]) == (text_of(seen), "complete")
    assert seen[0].data["message_id"] == end["message_id"] == kept["id"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_failure_before_the_first_piece_has_its_own_status(
    served: Served, gateway: ScriptedGateway, stream: bool
) -> None:
    gateway.scripts = [[ModelUnavailable("nenhum modelo respondeu", retry_after=7)]]
    refused = await served.say("Oi", stream=stream)
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert (await served.client.get(CONVERSATIONS)).json()["items"] == []


async def test_no_money_left_says_until_when(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [[BudgetExhausted("sem orçamento", now() + timedelta(minutes=5))]]
    refused = await served.say("Oi", stream=True)
    assert (refused.status_code, refused.json()["type"]) == (402, "urn:plantao:problema:budget-exhausted")
    assert 200 < int(refused.headers["retry-after"]) <= 300


async def test_a_failure_after_the_first_piece_ends_incomplete(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Meia ", AnswerBroken("o provedor parou", "Meia ", "truncated")]]
    async with served.client.stream("POST", MESSAGES, json={"content": "Oi", "stream": True}) as response:
        assert response.status_code == 200
        seen = [event async for event in events(response)]
    assert (text_of(seen), seen[-1].name, seen[-1].data["status"]) == ("Meia ", "incomplete", "incomplete")
    assert seen[-1].data["error"]["code"] == "answer_broken"
    kept = await served.message(seen[-1].data["message_id"])
    assert (kept["content"], kept["status"], kept["error"]) == ("Meia ", "error", "answer_broken")


async def test_a_fault_of_ours_is_an_end_too(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Meia", RuntimeError("Rosa Maria")]]
    answer = await served.say("Oi", stream=True)
    assert "event: incomplete" in answer.text and "internal_error" in answer.text
    assert "Rosa" not in answer.text


async def test_a_failed_question_is_no_part_of_what_follows(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Sim"], [ModelUnavailable("fora")], ["Enfim"]]
    first = await served.said("Primeira")
    talk = first["conversation_id"]
    failed = await served.say("Segunda", conversation_id=talk)
    assert failed.status_code == 503
    await served.said("Segunda", conversation_id=talk)
    assert [m["content"] for m in gateway.requests[-1].messages] == ["Primeira", "Sim", "Segunda"]
    kept = (await served.client.get(f"{CONVERSATIONS}/{talk}/messages")).json()["items"]
    assert [m["status"] for m in kept] == ["complete", "complete", "complete", "error", "complete", "complete"]


async def test_what_no_database_keeps_is_replaced(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["a\x00b", "\ud83d", "c"]]
    async with served.client.stream("POST", MESSAGES, json={"content": "Oi", "stream": True}) as response:
        seen = [event async for event in events(response)]
    assert text_of(seen) == "a\ufffdb\ufffdc"
    assert (await served.message(seen[0].data["message_id"]))["content"] == text_of(seen)


async def test_pieces_reach_the_store_while_the_model_speaks(
    served: Served, gateway: ScriptedGateway, database: Database
) -> None:
    gate = asyncio.Event()
    gateway.scripts = [["Primeira parte", gate, " e fim"]]
    async with served.client.stream("POST", MESSAGES, json={"content": "Oi", "stream": True}) as response:
        coming = events(response)
        message_id = (await anext(coming)).data["message_id"]

        async def flushed() -> bool:
            return _stored(database, message_id) == "Primeira parte"

        await until(flushed)
        gate.set()
        assert [event.name async for event in coming][-1] == "complete"
    assert _stored(database, message_id) == "Primeira parte e fim"


def _stored(database: Database, message_id: str) -> str:
    with database.read() as connection:
        query = select(conversation_messages.c.content).where(conversation_messages.c.id == message_id)
        return str(connection.execute(query).scalar_one())
