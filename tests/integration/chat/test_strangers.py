"""Conversations of others: whoever is not the owner is told what is told of ids that never were (SECURITY 5)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.dependencies import Caller, current_caller
from tests.integration.chat.scripted import ScriptedGateway
from tests.integration.chat.serving import CONVERSATIONS, MESSAGES, Served

UNKNOWN = "01900000-0000-7000-8000-000000000000"
STRANGERS = [Caller("default", "outro"), Caller("outra-casa", "anonymous")]


def _bodies(path: str, conversation: str, message: str) -> list[dict[str, Any] | None]:
    if path == MESSAGES:
        common = {"content": "Oi", "conversation_id": conversation}
        return [common, common | {"parent_id": message}, {"conversation_id": conversation, "regenerate": message}]
    return [{"title": "Meu"}] if path.startswith(CONVERSATIONS) else [None]


async def _everything(served: Served, conversation: str, message: str) -> list[tuple[str, httpx.Response]]:
    """Every route that takes an id of a conversation or a message, by the OpenAPI document."""
    found = []
    for path, methods in served.app.openapi()["paths"].items():
        if not path.startswith(("/api/chat", "/webhook/conversations")) or path == CONVERSATIONS:
            continue
        url = path.format(conversation_id=conversation, message_id=message)
        for method in methods:
            for body in _bodies(path, conversation, message) if method in {"post", "patch", "put"} else [None]:
                found.append((f"{method} {path}", await served.client.request(method, url, json=body)))
    return found


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_a_stranger_is_told_what_is_told_of_ids_that_never_were(
    served: Served, gateway: ScriptedGateway, stranger: Caller
) -> None:
    gateway.scripts = [["Olá"]]
    said = await served.said("Oi")
    before = await served.message(said["id"])
    served.app.dependency_overrides[current_caller] = lambda: stranger
    theirs = await _everything(served, said["conversation_id"], said["id"])
    nobodys = await _everything(served, UNKNOWN, UNKNOWN)
    assert len(theirs) >= 9, "conversations, messages, streams and the webhook's history"
    for (route, answer), (_, unknown) in zip(theirs, nobodys, strict=True):
        assert answer.status_code == 404, route
        assert (answer.content, answer.headers["content-type"]) == (unknown.content, unknown.headers["content-type"])
    assert (await served.client.get(CONVERSATIONS)).json()["items"] == []
    served.app.dependency_overrides.clear()
    assert await served.message(said["id"]) == before
