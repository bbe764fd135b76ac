"""Other hospital systems put plain JSON straight onto `eventos`: understood, or kept, never lost, never blocking."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from shared.database import Database
from shared.messaging.topology import REJECTED_QUEUE
from shared.tasks.schema import tasks
from tests.acceptance.broker import Vhost
from tests.acceptance.timeline import kinds
from tests.platform import Platform, eventually

pytestmark = pytest.mark.parametrize(
    "shared_platform", ["pika on postgresql", "dramatiq on sqlite"], indirect=True, scope="module"
)


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    return shared_platform


def message(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def completed(platform: Platform, name: str) -> dict[str, Any]:
    """The view of the task that a message with this id became, once it has completed."""

    def probe() -> dict[str, Any] | None:
        answer = platform.client.get(f"/api/eco/status/{name}")
        return answer.json() if answer.status_code == 200 and answer.json()["status"] == "completed" else None

    return eventually(probe, f"the message {name} is done\n{platform.log('workers')}")


@pytest.mark.parametrize(("event", "payload"), [("event", "payload"), ("tipo", "dados")])
def test_both_spellings_are_understood(platform: Platform, eco: Vhost, event: str, payload: str) -> None:
    name = uuid4().hex
    eco.publish(message(**{event: "eco", payload: {"texto": "ação"}, "id": name}))
    view = completed(platform, name)
    assert (view["event"], view["result"]["eco"]["texto"]) == ("eco", "ação")
    assert kinds(platform.client, view["task_id"])[0] == "accepted"


def test_values_survive_the_way(platform: Platform, eco: Vhost) -> None:
    name = uuid4().hex
    # Written by hand: Python's own JSON would round the decimal.
    payload = (
        '{"texto": "x", "quando": "2026-11-20T08:10:00-03:00", "valor": 10.2000000000000000001, '
        '"identificador": "0192f5f0-0000-7000-8000-000000000001", "conteudo": "AP8="}'
    )
    eco.publish(f'{{"event": "eco", "id": "{name}", "payload": {payload}}}'.encode())
    echoed = completed(platform, name)["result"]["eco"]
    assert echoed["quando"] == "2026-11-20T08:10:00-03:00"
    assert echoed["valor"] == "10.2000000000000000001"
    assert echoed["identificador"] == "0192f5f0-0000-7000-8000-000000000001"
    assert base64.b64decode(echoed["conteudo"]) == b"\x00\xff"


def test_the_message_id_names_a_message_without_one_in_its_body(platform: Platform, eco: Vhost) -> None:
    name = uuid4().hex
    eco.publish(message(event="eco", payload={"texto": "x"}), message_id=name)
    assert completed(platform, name)["result"]["eco"]["texto"] == "x"


def test_a_repeated_id_is_one_task(platform: Platform, eco: Vhost) -> None:
    name = uuid4().hex
    eco.publish(*[message(event="eco", payload={"texto": "x"}, id=name)] * 3)
    # The same id under another roof: the body's own wins over the broker's.
    eco.publish(message(event="eco", payload={"texto": "x"}, id=name), message_id=uuid4().hex)
    task = completed(platform, name)["task_id"]
    eventually(lambda: kinds(platform.client, task).count("repeated") == 3, "all copies have been read")
    assert [kinds(platform.client, task).count(kind) for kind in ("claimed", "completed")] == [1, 1]


def test_a_nameless_message_is_known_by_its_bytes(platform: Platform, eco: Vhost) -> None:
    text = uuid4().hex
    eco.publish(*[message(event="eco", payload={"texto": text})] * 3)
    marker = uuid4().hex
    eco.publish(message(event="eco", payload={"texto": "depois"}, id=marker))
    completed(platform, marker)
    # Nobody has its id: the store alone can say which tasks hold this text.
    (task,) = eventually(lambda: holding(platform, text), "the nameless message became a task")
    eventually(lambda: kinds(platform.client, task).count("repeated") == 2, "both copies have been read")
    assert kinds(platform.client, task).count("completed") == 1


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        ("not_json", b"isto nao e JSON"),
        ("not_json", b"\xff\xfe\x00"),
        ("not_json", b'{"event": "eco", "payload": {"texto": NaN}}'),
        ("not_json", b"[" * 100_000),
        ("not_object", b'["eco"]'),
        ("no_event", b'{"payload": {}}'),
        ("no_payload", b'{"event": "eco"}'),
        ("no_payload", b'{"event": "eco", "payload": 7}'),
        ("unknown_event", b'{"event": "desconhecido", "payload": {}}'),
        ("invalid_payload", b'{"event": "eco", "payload": {"texto": "x", "outro": 1}}'),
        ("bad_id", b'{"event": "eco", "payload": {"texto": "x"}, "id": "a\\u0000b"}'),
        ("unknown_task", b'{"task_id": "0192f5f0-0000-7000-8000-00000000dead", "event": "eco", "attempt": 1}'),
    ],
)
def test_what_nobody_understands_is_kept_and_blocks_nothing(
    platform: Platform, eco: Vhost, reason: str, body: bytes
) -> None:
    eco.take(REJECTED_QUEUE)
    marker = uuid4().hex
    eco.publish(body, message(event="eco", payload={"texto": "depois"}, id=marker))
    assert completed(platform, marker)["status"] == "completed"
    kept = eventually(lambda: newest_copied(platform, body), "the message is kept and copied")
    assert (kept["reason"], kept["domain"], kept["vhost"]) == (reason, "eco", "testes_eco")
    assert kept["detail"]
    assert [copy for _, copy in eco.take(REJECTED_QUEUE)] == [body]
    assert eco.look() == []


def test_rejected_messages_page_from_the_newest(platform: Platform, eco: Vhost) -> None:
    bodies = [f"lixo {number}".encode() for number in range(5)]
    for body in bodies:
        eco.publish(body)
        eventually(lambda body=body: newest_copied(platform, body), "the message is kept")
    seen: list[bytes] = []
    cursor: dict[str, str] = {}
    while len(seen) < 5:
        page = platform.client.get("/api/rejected", params={"limit": "2"} | cursor).json()
        seen += [base64.b64decode(row["body_base64"]) for row in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert seen[:5] == bodies[::-1]


def holding(platform: Platform, text: str) -> list[str]:
    """Ids of the tasks whose payload holds `text`, from the platform's own store."""
    database = Database(platform.database_url, pooled=False)
    with database.read() as connection:
        found = list(connection.execute(select(tasks.c.id).where(tasks.c.payload.contains(text))).scalars())
    database.close()
    return found


def newest_copied(platform: Platform, body: bytes) -> dict[str, Any] | None:
    """The newest rejected message, if it is this one and its copy has been confirmed."""
    newest = platform.client.get("/api/rejected", params={"limit": 1}).json()["items"]
    found = newest[0] if newest and base64.b64decode(newest[0]["body_base64"]) == body else None
    return found if found and found["copied_at"] else None
