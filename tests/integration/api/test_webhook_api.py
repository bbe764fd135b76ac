"""The webhook client's door: what is accepted, what is refused with the field's name, and what its owner reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.conversations.records import Owner
from shared.database import Database
from shared.notifications.outbox import State
from tests.integration.api.test_spine_api import NOBODY, serving
from tests.integration.store.alerting import notices, report, take
from tests.integration.store.asking import FakeModels, question, said_in, work_on, working
from tests.integration.store.rows import row
from tests.receiver import SECRET

CONTACTS = f"""
[endpoints.atendimento]
url = "http://10.20.0.5:8080/respostas"
secret = "{SECRET}"
[endpoints.robos]
url = "http://10.20.0.6/robos"
prefix = true
secret_env = "NAO_CHEGA_A_API"
"""
CALLER = Owner("default", "anonymous")
SAID = {"message": "O que falta para a transferência?", "callback_id": "atendimento"}


@pytest.fixture
async def client(
    monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The API without a broker: acceptance must not need one."""
    contacts = tmp_path / "contacts.toml"
    contacts.write_text(CONTACTS)
    settings = {"DOMAIN_PACKAGES": '["handlers"]', "CONTACTS_FILE": str(contacts), "WEBHOOK_RPM": "40"}
    async with serving(monkeypatch, database_url, NOBODY, **settings) as made:
        yield made


async def asked(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    body = {name: value for name, value in (SAID | fields).items() if value is not None}
    return await client.post("/webhook", json=body, headers=headers)


async def test_a_question_is_accepted_without_a_broker_and_with_its_conversation(
    client: httpx.AsyncClient, database: Database
) -> None:
    answer = await asked(client, user_id="u-7", system="Seja breve.")
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == body["status_url"] == f"/webhook/{body['request_id']}"
    assert answer.headers["ratelimit"].startswith('"webhook";r=39')
    stored = row(database, body["request_id"])
    assert (stored.sequence, stored.answer_to, stored.runs_after) == (
        body["conversation_id"],
        "atendimento",
        "resposta",
    )
    second = await asked(client, conversation_id=body["conversation_id"], user_id="u-7")
    assert second.json()["conversation_id"] == body["conversation_id"]
    talk = (await client.get(f"/webhook/conversations/{body['conversation_id']}")).json()
    assert (talk["user_id"], talk["items"], talk["next_cursor"]) == ("u-7", [], None)
    view = (await client.get(body["status_url"])).json()
    assert (view["status"], view["content"], view["deliveries"]) == ("pending", None, [])
    generic = (await client.get(f"/api/conversas/status/{body['request_id']}")).json()
    assert (generic["domain"], generic["event"]) == ("conversas", "resposta")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"callback_id": None}, "callback_id"),
        ({"callback_url": "http://10.20.0.5:8080/respostas"}, "callback_id"),
        ({"callback_id": "ninguem"}, "callback_id"),
        ({"callback_id": None, "callback_url": "http://10.20.0.5:8080/outro"}, "callback_url"),
        ({"callback_id": None, "callback_url": "http://169.254.169.254/latest"}, "callback_url"),
        ({"callback_id": None, "callback_url": "http://10.20.0.6/robos/../admin"}, "callback_url"),
        ({"model": "gpt-inexistente"}, "model"),
        ({"message": "  \n "}, "message"),
        ({"message": "nulo\x00"}, "message"),
        ({"message": "x" * 100_001}, "message"),
        ({"message": None}, "message"),
        ({"user_id": "nome com espaço"}, "user_id"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, fields: dict[str, Any], field: str) -> None:
    answer = await asked(client, **fields)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    given = fields.get(field)
    assert not isinstance(given, str) or not given.strip() or given not in answer.text


async def test_a_registered_address_may_stand_for_its_id(client: httpx.AsyncClient, database: Database) -> None:
    exact = await asked(client, callback_id=None, callback_url="http://10.20.0.5:8080/respostas")
    below = await asked(client, callback_id=None, callback_url="http://10.20.0.6/robos/7?fila=2")
    stored = [row(database, answer.json()["request_id"]) for answer in (exact, below)]
    assert [one.answer_to for one in stored] == ["atendimento", "robos"]
    assert ["callback_url" in one.payload for one in stored] == [False, True]


async def test_an_idempotency_key_finds_its_question_and_conversation(client: httpx.AsyncClient) -> None:
    first, again = [(await asked(client, {"Idempotency-Key": "k1"})).json() for _ in range(2)]
    other = await asked(client, {"Idempotency-Key": "k1"}, message="outra")
    assert first == again
    assert (other.status_code, other.json()["type"]) == (422, "urn:plantao:problema:idempotency-key-reused")


async def test_a_conversation_is_its_client_s_and_its_user_s(client: httpx.AsyncClient, database: Database) -> None:
    theirs, foreign = question(database, "um", owner=Owner("default", "outro"))
    mine = (await asked(client, user_id="u-7")).json()["conversation_id"]
    assert (await asked(client, conversation_id=foreign)).status_code == 404
    assert (await asked(client, conversation_id="nenhuma")).status_code == 404
    other_user = await asked(client, conversation_id=mine, user_id="u-8")
    assert (other_user.status_code, other_user.json()["errors"][0]["field"]) == (422, "user_id")
    for path in (
        f"/webhook/{theirs}",
        f"/webhook/conversations/{foreign}",
        "/webhook/a%00b",
        "/webhook/conversations/%00",
    ):
        assert (await client.get(path)).status_code == 404
    assert (await client.post(f"/webhook/{theirs}/resend")).status_code == 404


async def test_requests_per_minute_are_limited(client: httpx.AsyncClient) -> None:
    answers = [await asked(client) for _ in range(41)]
    assert {one.status_code for one in answers[:40]} == {202}
    refused = answers[-1]
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:plantao:problema:rate-limited")
    assert int(refused.headers["retry-after"]) > 0


async def test_a_long_message_is_refused_before_the_model_would(
    monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path
) -> None:
    contacts = tmp_path / "contacts.toml"
    contacts.write_text(CONTACTS)
    settings = {"DOMAIN_PACKAGES": '["handlers"]', "CONTACTS_FILE": str(contacts), "MODEL_MAX_PROMPT_CHARS": "1000"}
    async with serving(monkeypatch, database_url, NOBODY, **settings) as client:
        assert (await asked(client, message="x" * 900, system="y" * 101)).status_code == 413
        assert (await asked(client, message="x" * 900, system="y" * 100)).status_code == 202


async def test_without_registered_receivers_the_refusal_says_what_to_register(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    async with serving(monkeypatch, database_url, NOBODY, DOMAIN_PACKAGES='["handlers"]') as client:
        answer = await asked(client)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "callback_id")
        assert "CONTACTS_FILE" in answer.text


async def test_the_log_of_deliveries_and_a_resend_under_the_same_id(
    client: httpx.AsyncClient, database: Database
) -> None:
    accepted = (await asked(client)).json()
    url = accepted["status_url"]
    assert (await client.post(f"{url}/resend")).status_code == 409
    with working(database, FakeModels()) as execution:
        work_on(execution, accepted["request_id"])
    (due,) = take_answers(database)
    assert report(database, due, "http_503", status=503) is State.PENDING
    assert report(database, replace(due, attempts=1)) is State.DELIVERED
    view = (await client.get(url)).json()
    assert (view["status"], view["content"], view["model"]) == ("completed", "resposta 1", "unico")
    assert view["usage"] == {
        "prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19, "source": "provider", "cost_microusd": 5,
    }  # fmt: skip
    assert [(one["status"], one["error"]) for one in view["deliveries"]] == [(503, "http_503"), (None, None)]
    assert [(one["state"], one["next_at"]) for one in view["callbacks"]] == [("delivered", None)]
    again = await client.post(f"{url}/resend")
    assert (again.status_code, again.json()["webhook_id"]) == (202, due.id)
    assert (again.headers["location"], again.headers["retry-after"]) == (url, "1")
    (second,) = take_answers(database)
    assert (second.id, second.attempts) == (due.id, 0)
    assert [one.state for one in notices(database, accepted["request_id"])] == ["pending"]


def take_answers(database: Database) -> list[Any]:
    """What the deliverer would take now."""
    return take(database, domain="conversas")


async def test_a_talk_is_read_page_by_page(client: httpx.AsyncClient, database: Database) -> None:
    first = (await asked(client)).json()
    with working(database, FakeModels()) as execution:
        work_on(execution, first["request_id"])
        second = (await asked(client, message="dois", conversation_id=first["conversation_id"])).json()
        work_on(execution, second["request_id"])
    url = f"/webhook/conversations/{first['conversation_id']}"
    seen, cursor = [], None
    while True:
        page = (await client.get(url, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [(one["role"], one["content"]) for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == said_in(database, first["conversation_id"], CALLER)
    assert [text for _, text in seen] == [SAID["message"], "resposta 1", "dois", "resposta 2"]
    assert (await client.get(url, params={"cursor": "²"})).status_code == 422


async def test_a_replayed_answer_is_one_more_call(client: httpx.AsyncClient, database: Database) -> None:
    accepted = (await asked(client)).json()
    with working(database, FakeModels()) as execution:
        work_on(execution, accepted["request_id"])
        await client.post(f"/api/tasks/{accepted['request_id']}/replay")
        work_on(execution, accepted["request_id"])
    view = (await client.get(accepted["status_url"])).json()
    assert view["content"] == "resposta 2"
    assert len({one["webhook_id"] for one in view["callbacks"]}) == 2
