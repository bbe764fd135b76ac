"""Who reads an answer, who leaves it, who comes back, who ends it; over a real socket."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from shared.clock import now
from shared.conversations import answers, messages, store
from shared.conversations.answers import NewAnswer, Piece
from shared.conversations.records import MessageStatus, Outcome, Owner, Role
from shared.conversations.schema import conversation_messages
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.llm.contract import Surface
from tests.integration.chat.scripted import FOREVER, ScriptedGateway
from tests.integration.chat.serving import CONVERSATIONS, MESSAGES, Event, Served, events, serving, text_of, until

DATABASES = ("sqlite", "postgresql")
OWNER = Owner("default", "anonymous")


async def _first_piece(response: httpx.Response) -> Event:
    async for event in events(response):
        if event.data["content"]:
            return event
    raise AssertionError("no text came")


async def _followed(served: Served, message_id: str, **headers: str) -> list[Event]:
    async with served.client.stream("GET", f"{MESSAGES}/{message_id}/stream", headers=headers) as response:
        assert response.status_code == 200
        return [event async for event in events(response)]


async def _begun(served: Served, **fields: Any) -> str:
    """The id of an answer that has begun and whose reader has left it."""
    body = {"content": "Oi", "stream": True, **fields}
    async with served.client.stream("POST", MESSAGES, json=body) as response:
        await _first_piece(response)
        return response.headers["location"].rpartition("/")[2]


async def _asked(gateway: ScriptedGateway, times: int) -> None:
    async def probe() -> bool:
        return len(gateway.requests) == times

    await until(probe)


async def test_a_reader_who_leaves_ends_the_answer(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Era uma vez", FOREVER]]
    message_id = await _begun(served)
    await asyncio.wait_for(gateway.closed.wait(), 1)
    kept = await served.ended(message_id)
    assert (kept["status"], kept["content"], kept["error"]) == ("interrupted", "Era uma vez", "client_gone")
    seen = await _followed(served, message_id)
    assert (text_of(seen), seen[-1].name) == ("Era uma vez", "incomplete")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_caller_who_leaves_before_the_first_piece_ends_it_too(
    served: Served, gateway: ScriptedGateway, stream: bool
) -> None:
    gateway.scripts = [[FOREVER]]
    asking = asyncio.create_task(served.say("Oi", stream=stream))
    await _asked(gateway, 1)
    asking.cancel()
    await asyncio.wait_for(gateway.closed.wait(), 1)


async def test_an_answer_in_the_background_goes_on_and_is_resumed(served: Served, gateway: ScriptedGateway) -> None:
    gate = asyncio.Event()
    gateway.scripts = [["Era uma ", gate, "vez ", "um hemograma"]]
    message_id = await _begun(served, background=True)
    following = asyncio.create_task(_followed(served, message_id, **{"Last-Event-ID": "4"}))
    gate.set()
    seen = await following
    assert (text_of(seen), seen[-1].name) == ("uma vez um hemograma", "complete")
    again = await _followed(served, message_id, **{"Last-Event-ID": "12"})
    assert (text_of(again), again[1].id) == ("um hemograma", 24)
    assert text_of(await _followed(served, message_id, **{"Last-Event-ID": "999"})) == ""
    assert (
        await served.client.get(f"{MESSAGES}/{message_id}/stream", headers={"Last-Event-ID": "x"})
    ).status_code == 422


async def test_many_readers_read_one_generation(served: Served, gateway: ScriptedGateway) -> None:
    gate = asyncio.Event()
    gateway.scripts = [["a", gate, *"bcdefgh" * 20]]
    message_id = await _begun(served, background=True)
    following = [asyncio.create_task(_followed(served, message_id)) for _ in range(5)]
    gate.set()
    assert {text_of(await one) for one in following} == {"a" + "bcdefgh" * 20}
    assert len(gateway.requests) == 1


async def test_cancelling_keeps_what_was_said(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Meia resposta", FOREVER], ["Outra"]]
    async with served.client.stream("POST", MESSAGES, json={"content": "Oi", "stream": True}) as response:
        coming = events(response)
        message_id = (await anext(coming)).data["message_id"]
        await anext(coming)
        cancelled = (await served.client.delete(f"{MESSAGES}/{message_id}")).json()
        end = [event async for event in coming][-1]
    assert gateway.closed.is_set()
    assert (cancelled["status"], cancelled["content"]) == ("interrupted", "Meia resposta")
    assert (end.name, end.data["error"]["code"]) == ("incomplete", "cancelled")
    assert (await served.client.delete(f"{MESSAGES}/{message_id}")).json() == cancelled
    await served.said("E agora?", conversation_id=cancelled["conversation_id"])
    assert [m["content"] for m in gateway.requests[-1].messages] == ["Oi", "Meia resposta", "E agora?"]


async def test_json_never_passes_a_part_for_the_whole(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Olá"], [FOREVER]]
    talk = (await served.said("Oi"))["conversation_id"]
    asking = asyncio.create_task(served.say("E?", conversation_id=talk))
    await _asked(gateway, 2)
    kept = (await served.client.get(f"{CONVERSATIONS}/{talk}/messages")).json()["items"]
    await served.client.delete(f"{MESSAGES}/{kept[-1]['id']}")
    assert (await asking).status_code == 409


async def test_a_process_that_ends_tells_its_readers(
    monkeypatch: pytest.MonkeyPatch, database: Database, database_url: str
) -> None:
    gateway = ScriptedGateway(["Meia", FOREVER])
    body = {"content": "Oi", "stream": True}
    async with (
        serving(monkeypatch, database_url, gateway) as served,
        served.client.stream("POST", MESSAGES, json=body) as response,
    ):
        coming = events(response)
        message_id = (await anext(coming)).data["message_id"]
        await anext(coming)
        served.server.should_exit = True
        end = [event async for event in coming][-1]
    assert (end.name, end.data["error"]["code"]) == ("incomplete", "shutting_down")
    with database.read() as connection:
        kept = messages.get(connection, OWNER, message_id)
    assert (kept.status, kept.content, kept.owner) == ("interrupted", "Meia", None)


def _left_behind(database: Database, lease_s: float) -> str:
    """An answer that another process began and said a little of."""
    with database.write() as connection:
        talk = store.create(connection, OWNER, Surface.CHAT)
        question = messages.append(connection, talk, Role.USER, "Oi", parent_id=None)
        made = answers.begin(connection, talk, NewAnswer(question.id, "elsewhere", lease_s, "r1", None))
        answers.extend(connection, [Piece(made.id, 0, "Até aqui")])
    return made.id


async def test_an_answer_of_a_dead_process_ends_incomplete(served: Served, database: Database) -> None:
    message_id = _left_behind(database, -1)
    seen = await _followed(served, message_id, **{"Last-Event-ID": "4"})
    assert (text_of(seen), seen[-1].name) == ("aqui", "incomplete")
    assert (await served.message(message_id))["status"] == "interrupted"


async def test_an_answer_of_another_process_is_followed_there(served: Served, database: Database) -> None:
    message_id = _left_behind(database, 60)
    following = asyncio.create_task(_followed(served, message_id))
    with database.write() as connection:
        answers.extend(connection, [Piece(message_id, 8, " e mais")])
        expired = update(conversation_messages).values(lease_until=now() - timedelta(seconds=1))
        connection.execute(expired.where(conversation_messages.c.id == message_id))
    seen = await following
    assert (text_of(seen), seen[-1].name) == ("Até aqui e mais", "incomplete")


async def test_a_reader_elsewhere_is_told_of_what_was_erased(served: Served, database: Database) -> None:
    message_id = _left_behind(database, 60)
    async with served.client.stream("GET", f"{MESSAGES}/{message_id}/stream") as response:
        coming = events(response)
        await anext(coming)
        with database.write() as connection:
            connection.execute(conversation_messages.delete())
        end = [event async for event in coming][-1]
    assert (end.name, end.data["error"]["code"]) == ("incomplete", "not-found")


async def test_a_store_that_is_away_for_a_moment_breaks_no_stream(
    served: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = _left_behind(database, 60)
    chat, back = served.app.state.parts.chat, asyncio.Event()
    found = chat.message

    async def away(owner: Owner, wanted: str) -> Any:
        if not back.is_set():
            back.set()
            raise StoreUnavailable("fora")
        return await found(owner, wanted)

    async with served.client.stream("GET", f"{MESSAGES}/{message_id}/stream") as response:
        coming = events(response)
        await anext(coming)
        monkeypatch.setattr(chat, "message", away)
        await back.wait()
        with database.write() as connection:
            answers.end(connection, [Outcome(message_id, MessageStatus.COMPLETE, "Até aqui e além")])
        seen = [event async for event in coming]
    assert (text_of(seen), seen[-1].name) == ("Até aqui e além", "complete")


async def test_another_process_may_cancel(served: Served, gateway: ScriptedGateway, database: Database) -> None:
    gateway.scripts = [["Meia", FOREVER]]
    message_id = await _begun(served, background=True)
    with database.write() as connection:
        assert answers.interrupt(connection, message_id)
    await asyncio.wait_for(gateway.closed.wait(), 10)

    async def all_that_was_read() -> bool:
        return (await served.message(message_id))["content"] == "Meia"

    await until(all_that_was_read)


async def test_erasing_leaves_nothing(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["Meia", FOREVER]]
    message_id = await _begun(served, background=True)
    talk = (await served.message(message_id))["conversation_id"]
    assert (await served.client.delete(f"{CONVERSATIONS}/{talk}")).status_code == 204
    await asyncio.wait_for(gateway.closed.wait(), 5)
    for path in (f"{MESSAGES}/{message_id}", f"{CONVERSATIONS}/{talk}", f"{CONVERSATIONS}/{talk}/messages"):
        assert (await served.client.get(path)).status_code == 404
    assert (await served.client.delete(f"{CONVERSATIONS}/{talk}")).status_code == 404
