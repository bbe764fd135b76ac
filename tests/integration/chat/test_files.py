"""Files in a conversation: what the model sees of them, what stays when they are gone, and whom they name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from shared.conversations import attached
from shared.conversations.records import Owner
from shared.conversations.schema import conversation_messages, conversation_summaries
from shared.database import Database
from shared.llm.contract import CallContext
from tests.integration.chat.scripted import ScriptedGateway
from tests.integration.chat.serving import CONVERSATIONS, MESSAGES, Served, serving, until
from tests.integration.store.asking import FakeModels, question, work_on, working

LARGEST = 20_000
PEOPLE = "nome;cpf;nascimento;hb\nZuleica Xanadu;390.533.447-05;23/09/1937;7,2\n"
LAB = "exame;valor;unidade\nHb;7,2;g/dL\n"


@pytest.fixture
async def served(
    monkeypatch: pytest.MonkeyPatch, database: Database, database_url: str, gateway: ScriptedGateway, tmp_path: Path
) -> AsyncIterator[Served]:
    environment = {"FILES_DIR": str(tmp_path), "CHAT_ATTACHMENT_MAX_BYTES": str(LARGEST)}
    async with serving(monkeypatch, database_url, gateway, **environment) as up:
        yield up


async def _sent(served: Served, content: str | bytes, name: str = "a.csv") -> str:
    raw = content.encode() if isinstance(content, str) else content
    answer = await served.client.post("/api/uploads", files={"file": (name, raw)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _question(served: Served, answer: dict[str, Any]) -> dict[str, Any]:
    return await served.message(answer["parent_id"])


def _last(gateway: ScriptedGateway) -> str:
    return str(gateway.requests[-1].messages[-1]["content"])


def _known(context: CallContext) -> set[str]:
    return set(context.identifiers.names)


async def test_a_file_is_read_with_its_message_and_with_all_that_follow(
    served: Served, gateway: ScriptedGateway
) -> None:
    gateway.scripts = [["um"], ["dois"], ["três"]]
    people, lab = await _sent(served, PEOPLE, "Zuleica Xanadu.csv"), await _sent(served, b"\xef\xbb\xbf" + LAB.encode())
    begun = await served.client.post(CONVERSATIONS, json={"paciente": {"nome": "Bento"}, "system": "Seja breve."})
    talk = begun.json()["id"]
    first = await served.said("Resuma.", conversation_id=talk, anexos=[people, lab])
    assert _last(gateway).startswith("Resuma.\n\nAnexo 1 (text/csv):\n<<")
    assert PEOPLE in _last(gateway) and f">>\n{LAB}\n<<" in _last(gateway)
    assert "Xanadu.csv" not in str(gateway.requests), "a file's name may be a patient's"
    head = gateway.requests[-1].messages[0]["content"]
    assert head.startswith("Seja breve.") and attached.NOTICE in head
    expected = {"Bento", "Zuleica Xanadu", "390.533.447-05", "23/09/1937", "1937-09-23"}
    assert (_known(gateway.contexts[-1]), gateway.contexts[-1].confined) == (expected, "")

    kept = (await _question(served, first))["anexos"]
    assert [(one["id"], one["name"], one["apagado"]) for one in kept] == [
        (people, "Zuleica Xanadu.csv", False),
        (lab, "a.csv", False),
    ]
    assert set(kept[0]) == {"id", "name", "media_type", "size", "sha256", "apagado"}
    await served.said("E agora?", conversation_id=talk)
    assert PEOPLE in gateway.requests[-1].messages[1]["content"]
    assert _known(gateway.contexts[-1]) == expected
    body = {"conversation_id": talk, "regenerate": first["id"]}
    assert (await served.client.post(MESSAGES, json=body)).status_code == 200
    assert PEOPLE in _last(gateway)


async def test_an_edited_message_keeps_its_files_unless_it_names_others(
    served: Served, gateway: ScriptedGateway
) -> None:
    gateway.scripts = [["um"], ["dois"], ["três"]]
    file = await _sent(served, PEOPLE)
    first = await served.said("A", anexos=[file])
    edit = {"conversation_id": first["conversation_id"], "replaces": first["parent_id"]}
    kept = await served.said("B", **edit)
    assert PEOPLE in _last(gateway)
    assert [one["id"] for one in (await _question(served, kept))["anexos"]] == [file]
    without = await served.said("C", **edit, anexos=[])
    assert _last(gateway) == "C"
    assert (await _question(served, without))["anexos"] == []
    assert "Zuleica Xanadu" in _known(gateway.contexts[-1]), "a sibling branch named her in this conversation"


async def test_a_deleted_file_is_said_to_be_gone_and_whom_it_named_stays_inside(
    served: Served, gateway: ScriptedGateway
) -> None:
    gateway.scripts = [["Zuleica Xanadu tem Hb de 7,2"], ["dois"], ["três"]]
    file, lab = await _sent(served, PEOPLE), await _sent(served, LAB)
    answer = await served.said("A", anexos=[file, lab])
    talk = answer["conversation_id"]
    await served.client.delete(f"/api/uploads/{lab}")
    await served.said("B", conversation_id=talk)
    shown = gateway.requests[-1].messages[1]["content"]
    assert PEOPLE in shown and "[Anexo 2 (text/csv): arquivo apagado]" in shown
    assert gateway.contexts[-1].confined == "", "it named nobody"
    await served.client.delete(f"/api/uploads/{file}")
    await served.said("C", conversation_id=talk)
    assert "Xanadu" not in gateway.requests[-1].messages[1]["content"]
    assert gateway.contexts[-1].confined == attached.DELETED_NAMED
    assert [one["apagado"] for one in (await _question(served, answer))["anexos"]] == [True, True]
    tree = (await served.client.get(f"{CONVERSATIONS}/{talk}/messages")).json()["items"]
    assert [one["apagado"] for one in tree[0]["anexos"]] == [True, True]
    gone = await served.say("D", conversation_id=talk, anexos=[file])
    assert (gone.status_code, gone.json()["errors"][0]["field"]) == (422, "anexos.0")
    assert file not in gone.text


async def test_a_key_finds_its_answer_when_the_file_is_gone(served: Served, gateway: ScriptedGateway) -> None:
    gateway.scripts = [["um"]]
    file = await _sent(served, LAB)
    body, key = {"content": "A", "anexos": [file]}, {"Idempotency-Key": "k1"}
    first = await served.client.post(MESSAGES, json=body, headers=key)
    await served.client.delete(f"/api/uploads/{file}")
    assert (await served.client.post(MESSAGES, json=body, headers=key)).json() == first.json()
    other = await served.client.post(MESSAGES, json={"content": "A"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:plantao:problema:idempotency-key-reused")


async def test_what_is_too_large_is_refused_before_anything_is_kept(
    served: Served, gateway: ScriptedGateway, database: Database
) -> None:
    large, long = await _sent(served, "a" * (LARGEST + 1)), await _sent(served, "uma palavra " * 1_600)
    refused = await served.say("A", anexos=[large])
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:plantao:problema:prompt-too-large")
    assert "anexos.0" in refused.json()["detail"]
    overflow = await served.say("A", anexos=[long, await _sent(served, "outra palavra " * 1_400)])
    assert (overflow.status_code, overflow.json()["type"]) == (400, "urn:plantao:problema:context-overflow")
    with database.read() as connection:
        assert connection.execute(select(conversation_messages)).all() == []
    assert gateway.requests == []


@pytest.mark.parametrize(
    "content",
    ["Zuleica Xanadu;1937\nBento Brasil;1940\n", "nome;cpf\nZuleica;Xanadu;390\nBento;1\n", '{"nome": "Zuleica",}\n'],
    ids=["columns without names", "a cell too many", "no JSON"],
)
async def test_a_file_that_does_not_say_whom_it_names_stays_inside(
    served: Served, gateway: ScriptedGateway, content: str
) -> None:
    gateway.scripts = [["um"]]
    await served.said("A", anexos=[await _sent(served, content)])
    assert gateway.contexts[-1].confined


async def test_what_left_the_window_is_trimmed_with_its_message_and_its_people_stay_known(
    served: Served, gateway: ScriptedGateway, database: Database
) -> None:
    """Through the summary, whose own call knows them too."""
    gateway.context_tokens = 2_048
    filler = "nome;hb\n" + "".join(f"Zuleica Xanadu;{n}\n" for n in range(200))
    gateway.scripts = [["a" * 400], ["b" * 2_000], ["Zuleica Xanadu está anêmica."], ["quatro"]]
    talk = (await served.said("A", anexos=[await _sent(served, filler)]))["conversation_id"]
    await served.said("B", conversation_id=talk)

    async def stored() -> list[str]:
        with database.read() as connection:
            return list(connection.execute(select(conversation_summaries.c.content)).scalars())

    assert await until(stored)
    assert "Zuleica Xanadu;7\n" in gateway.requests[2].messages[1]["content"], "the summary is of the file, too"
    await served.said("C" * 2_500, conversation_id=talk)
    shown = gateway.requests[3].messages
    assert shown[0]["content"].endswith("Zuleica Xanadu está anêmica.") and ";7\n" not in str(shown)
    assert all(_known(context) == {"Zuleica Xanadu"} for context in gateway.contexts)


async def test_the_webhook_does_not_read_files_and_stays_inside_where_they_name_people(
    served: Served, gateway: ScriptedGateway, database: Database
) -> None:
    gateway.scripts = [["um"], ["dois"]]
    models = FakeModels()
    for content, confined in ((PEOPLE, True), (LAB, False)):
        talk = (await served.said("A", anexos=[await _sent(served, content)]))["conversation_id"]
        task_id, _ = await asyncio.to_thread(question, database, "E agora?", talk, Owner("default", "anonymous"))
        with working(database, models) as execution:
            assert await asyncio.to_thread(work_on, execution, task_id)
        assert [text for _, text in models.prompt(-1)][0] == "A"
        assert bool(models.contexts[-1].confined) is confined
