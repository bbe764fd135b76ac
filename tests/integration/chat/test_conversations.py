"""Conversations over HTTP: branches, keys, owners, limits, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api import dependencies
from api.dependencies import Caller
from shared.database import Database
from shared.privacy.identifiers import Identifiers
from tests.integration.chat.scripted import FOREVER, ScriptedGateway
from tests.integration.chat.serving import CONVERSATIONS, MESSAGES, Served, serving, until

NAMELESS = "01a1f9e7-5287-7647-a4af-067a32632b1b"


def _heard(gateway: ScriptedGateway) -> list[str]:
    return [message["content"] for message in gateway.requests[-1].messages]


async def _tree(served: Served, talk: str, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await served.client.get(f"{CONVERSATIONS}/{talk}/messages", params=query)).json()[
        "items"
    ]
    return items


async def test_history_is_what_was_said(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["um"], ["dois"], ["três"]]
    begun = await served.client.post(CONVERSATIONS, json={"system": "Seja breve.", "title": "Leito 12"})
    talk = begun.json()["id"]
    assert (begun.status_code, begun.headers["location"]) == (201, f"{CONVERSATIONS}/{talk}")
    for content in ("A", "B", "C"):
        await served.said(content, conversation_id=talk)
    assert _heard(gateway) == ["Seja breve.", "A", "um", "B", "dois", "C"]
    kept = await _tree(served, talk)
    assert [(m["seq"], m["role"], m["content"]) for m in kept][:2] == [(1, "user", "A"), (2, "assistant", "um")]
    first = (await served.client.get(f"{CONVERSATIONS}/{talk}/messages", params={"limit": 4})).json()
    rest = await _tree(served, talk, cursor=first["next_cursor"])
    assert first["items"] + rest == kept


async def test_editing_makes_a_branch_and_overwrites_nothing(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["um"], ["dois"], ["dois'"], ["três"]]
    first = await served.said("A")
    talk = first["conversation_id"]
    second = await served.said("B", conversation_id=talk)
    edited = await served.said("B'", conversation_id=talk, replaces=second["parent_id"])
    assert _heard(gateway) == ["A", "um", "B'"]
    assert edited["parent_id"] != second["parent_id"]
    await served.said("C", conversation_id=talk, parent_id=second["id"])
    assert _heard(gateway) == ["A", "um", "B", "dois", "C"]
    assert [m["content"] for m in await _tree(served, talk)] == ["A", "um", "B", "dois", "B'", "dois'", "C", "três"]
    branch = await _tree(served, talk, leaf=edited["id"])
    assert [m["content"] for m in branch] == ["A", "um", "B'", "dois'"]


async def test_the_first_message_may_be_edited_too(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["um"], ["outro"]]
    first = await served.said("A")
    await served.said("A'", conversation_id=first["conversation_id"], replaces=first["parent_id"])
    assert _heard(gateway) == ["A'"]


@pytest.mark.parametrize("named", ["id", "parent_id"])
async def test_regenerating_is_a_second_answer_to_one_question(
    served: Served, gateway: ScriptedGateway, named: str
) -> None:
    gateway.scripts = [["um"], ["outro"]]
    first = await served.said("A")
    body = {"conversation_id": first["conversation_id"], "regenerate": first[named], "model": "outro"}
    again = (await served.client.post(MESSAGES, json=body)).json()
    assert (again["content"], again["parent_id"], again["model"]) == ("outro", first["parent_id"], "outro")
    assert _heard(gateway) == ["A"]
    assert (await served.message(first["id"]))["content"] == "um"


async def test_one_answer_at_a_time(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["um"], [FOREVER]]
    talk = (await served.said("A"))["conversation_id"]
    asking = asyncio.create_task(served.say("B", conversation_id=talk))

    async def asked() -> bool:
        return len(gateway.requests) == 2

    await until(asked)
    busy = await served.say("C", conversation_id=talk)
    assert (busy.status_code, busy.json()["type"]) == (409, "urn:plantao:problema:conflict")
    assert [m["content"] for m in await _tree(served, talk)] == ["A", "um", "B", ""]
    asking.cancel()


async def test_a_key_never_generates_twice(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["um"]]
    key = {"Idempotency-Key": "k1"}
    answers = [await served.client.post(MESSAGES, json={"content": "A"}, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    streamed = await served.client.post(MESSAGES, json={"content": "A", "stream": True}, headers=key)
    assert '"content":"um"' in streamed.text and "event: complete" in streamed.text
    other = await served.client.post(MESSAGES, json={"content": "B"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:plantao:problema:idempotency-key-reused")
    assert len(gateway.requests) == 1


async def test_a_key_at_the_same_time_joins_the_answer(served: Served, gateway: ScriptedGateway) -> None:
    gate = asyncio.Event()
    gateway.scripts = [["um", gate, " dois"]]
    key = {"Idempotency-Key": "k2"}
    first = asyncio.create_task(served.client.post(MESSAGES, json={"content": "A"}, headers=key))

    async def asked() -> bool:
        return bool(gateway.requests)

    await until(asked)
    second = asyncio.create_task(served.client.post(MESSAGES, json={"content": "A"}, headers=key))
    gate.set()
    assert (await first).json() == (await second).json()
    assert len(gateway.requests) == 1


async def test_what_failed_without_a_word_may_be_asked_again_under_its_key(
    served: Served, gateway: ScriptedGateway
) -> None:
    gateway.scripts = [["um"], [RuntimeError("x")], ["dois"]]
    body = {"content": "B", "conversation_id": (await served.said("A"))["conversation_id"]}
    key = {"Idempotency-Key": "k3"}
    assert (await served.client.post(MESSAGES, json=body, headers=key)).status_code == 500
    assert (await served.client.post(MESSAGES, json=body, headers=key)).json()["content"] == "dois"


async def test_what_fits_into_no_window_is_refused_before_any_call(served: Served, gateway: ScriptedGateway) -> None:
    long = await served.say("a" * 40_000)
    assert (long.status_code, long.json()["type"]) == (400, "urn:plantao:problema:context-overflow")
    huge = await served.say("a" * 500_000)
    assert (huge.status_code, huge.json()["type"]) == (413, "urn:plantao:problema:prompt-too-large")
    assert gateway.requests == []
    assert (await served.client.get(CONVERSATIONS)).json()["items"] == []


REFUSED: list[tuple[dict[str, Any], int, str | None]] = [
    ({"content": "A", "extra": 1}, 422, "extra"),
    ({"content": ""}, 422, "content"),
    ({"content": "A\x00"}, 422, "content"),
    ({}, 422, "(corpo)"),
    ({"content": "A", "tools": []}, 422, "tools"),
    ({"content": "A", "anexos": ["x"]}, 422, "anexos.0"),
    ({"content": "A", "anexos": [NAMELESS]}, 422, "anexos.0"),
    ({"content": "A", "anexos": [NAMELESS, NAMELESS]}, 422, "anexos"),
    ({"regenerate": NAMELESS, "conversation_id": NAMELESS, "anexos": []}, 422, "(corpo)"),
    ({"content": "A", "conversation_id": "x"}, 422, "conversation_id"),
    ({"content": "A", "conversation_id": NAMELESS}, 404, None),
    ({"content": "A", "model": "nenhum"}, 404, None),
    ({"content": "A", "parent_id": NAMELESS}, 422, "(corpo)"),
    ({"content": "A", "regenerate": NAMELESS, "conversation_id": NAMELESS}, 422, "(corpo)"),
]


async def test_bad_input_is_named(served: Served, gateway: ScriptedGateway) -> None:
    for body, status, field in REFUSED:
        refused = await served.client.post(MESSAGES, json=body)
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json"), body
        assert field is None or refused.json()["errors"][0]["field"] == field
    for raw, media, status in ((b"{", "application/json", 400), (b"a", "text/plain", 415)):
        refused = await served.client.post(MESSAGES, content=raw, headers={"Content-Type": media})
        assert refused.status_code == status
    assert gateway.requests == []


@pytest.mark.parametrize("field", ["parent_id", "replaces", "regenerate"])
async def test_a_message_of_another_conversation_is_no_parent(
    served: Served, gateway: ScriptedGateway, field: str
) -> None:
    gateway.scripts = [["um"], ["dois"]]
    mine, other = await served.said("A"), await served.said("B")
    body = {"conversation_id": mine["conversation_id"], field: other["id"]}
    if field != "regenerate":
        body["content"] = "C"
    refused = await served.client.post(MESSAGES, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


async def test_for_anybody_else_nothing_is_there(
    monkeypatch: pytest.MonkeyPatch, served: Served, gateway: ScriptedGateway
) -> None:
    gateway.scripts = [["um"]]
    mine = await served.said("A")
    talk = mine["conversation_id"]
    for caller in (Caller("default", "outro"), Caller("outra", "anonymous")):
        served.app.dependency_overrides[dependencies.current_caller] = lambda caller=caller: caller
        assert (await served.say("B", conversation_id=talk)).status_code == 404
        for method, path in [
            ("GET", f"{CONVERSATIONS}/{talk}"),
            ("DELETE", f"{CONVERSATIONS}/{talk}"),
            ("GET", f"{CONVERSATIONS}/{talk}/messages"),
            ("GET", f"{MESSAGES}/{mine['id']}"),
            ("GET", f"{MESSAGES}/{mine['id']}/stream"),
            ("DELETE", f"{MESSAGES}/{mine['id']}"),
        ]:
            assert (await served.client.request(method, path)).status_code == 404
        patched = await served.client.patch(f"{CONVERSATIONS}/{talk}", json={"title": "x"})
        assert patched.status_code == 404
        assert (await served.client.get(CONVERSATIONS)).json()["items"] == []


async def test_pages_are_newest_first_and_titles_change(served: Served, gateway: ScriptedGateway) -> None:
    talks = [(await served.client.post(CONVERSATIONS, json={"title": f"t{n}"})).json()["id"] for n in range(3)]
    first = (await served.client.get(CONVERSATIONS, params={"limit": 2})).json()
    rest = (await served.client.get(CONVERSATIONS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == talks[::-1]
    changed = await served.client.patch(f"{CONVERSATIONS}/{talks[0]}", json={"title": "Alta", "model": "outro"})
    assert (changed.json()["title"], changed.json()["model"]) == ("Alta", "outro")
    assert (await served.client.patch(f"{CONVERSATIONS}/{talks[0]}", json={"title": None})).json()["title"] is None
    assert (await served.client.patch(f"{CONVERSATIONS}/{talks[0]}", json={})).status_code == 422
    assert (await served.client.patch(f"{CONVERSATIONS}/{talks[0]}", json={"model": "nenhum"})).status_code == 404


async def test_the_patient_goes_to_the_door_and_nowhere_else(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["um"]]
    patient = {"nome": "Rosa Aparecida", "cpf": "529.982.247-25", "data_nascimento": "1950-03-02"}
    begun = await served.client.post(CONVERSATIONS, json={"paciente": patient})
    assert begun.json()["paciente"] is True and "Rosa" not in begun.text
    await served.said("A", conversation_id=begun.json()["id"])
    known = gateway.contexts[0].identifiers
    assert isinstance(known, Identifiers)
    assert {"Rosa Aparecida", "52998224725", "1950-03-02"} <= known.names
    assert "Rosa" not in str(gateway.requests[0])
    bad = await served.client.post(CONVERSATIONS, json={"paciente": {"cpf": "11111111111"}})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "paciente.cpf")


async def test_more_answers_than_allowed_are_turned_away(
    monkeypatch: pytest.MonkeyPatch, database: Database, database_url: str
) -> None:
    gateway = ScriptedGateway([FOREVER])
    async with serving(monkeypatch, database_url, gateway, CHAT_MAX_ANSWERS="1") as served:
        asking = asyncio.create_task(served.say("A"))

        async def asked() -> bool:
            return bool(gateway.requests)

        await until(asked)
        refused = await served.say("B")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        asking.cancel()
