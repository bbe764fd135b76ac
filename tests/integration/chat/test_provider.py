"""The whole way with the real gateway: HTTP here, HTTP to a provider that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from llmock.pytest_plugin import LLMock
from llmock.scenarios import Match, StreamFault
from llmock.testing import LLMockServer
from sqlalchemy import select

from shared.database import Database
from shared.llm.schema import attempts
from tests.integration.chat.serving import CONVERSATIONS, MESSAGES, Served, events, serving, text_of
from tests.unit.llm.wire.raw_provider import raw_provider

WORDS = "um dois três quatro cinco seis sete oito"
SOON_S = 1.0  # what the issue promises


def models_file(folder: Path, url: str, **deployment: float) -> str:
    """One deployment at `url`, without patience."""
    more = "".join(f"{name} = {value}\n" for name, value in deployment.items())
    file = folder / "models.toml"
    file.write_text(
        f'[deployments.fio]\nprovider = "openai_compatible"\nmodel = "m"\nbase_url = "{url}"\n{more}'
        "prices = { input = 1.5, output = 6.0 }\n"
        '[policies.padrao]\ndeployments = ["fio"]\nretries = 0\n'
    )
    return str(file)


@pytest.fixture
def provider(llmock_server: LLMockServer) -> LLMock:
    return LLMock(llmock_server).reset().tool_mode("off")


@pytest.fixture
async def house(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    database_url: str,
    provider: LLMock,
    tmp_path: Path,
) -> AsyncIterator[Served]:
    """Its parameter: for how many seconds a provider may be silent between two pieces."""
    models = models_file(tmp_path, provider.base_url(), idle_s=getattr(request, "param", 60), first_token_s=60)
    async with serving(monkeypatch, database_url, None, MODELS_FILE=models) as up:
        yield up


async def test_a_conversation_with_its_bill(house: Served, provider: LLMock, database: Database) -> None:
    provider.reply("Bom dia").reply("Boa noite")
    first = await house.said("Oi")
    async with house.client.stream(
        "POST", MESSAGES, json={"content": "E?", "stream": True, "conversation_id": first["conversation_id"]}
    ) as response:
        seen = [event async for event in events(response)]
    assert (first["content"], text_of(seen), seen[-1].name) == ("Bom dia", "Boa noite", "complete")
    sent = provider.last_request.body["messages"]
    assert [one["content"] for one in sent] == ["Oi", "Bom dia", "E?"]
    with database.read() as connection:
        rows = connection.execute(select(attempts).order_by(attempts.c.started_at)).all()
    assert [(row.surface, row.subject_id, row.outcome) for row in rows] == [
        ("chat", first["id"], "ok"),
        ("chat", seen[-1].data["message_id"], "ok"),
    ]
    assert [row.cost_microusd for row in rows] == [first["cost_microusd"], seen[-1].data["cost_microusd"]]
    assert rows[0].request_id == first["request_id"]
    provider.assert_resilient()


@pytest.mark.parametrize(
    ("kind", "house"), [("truncate", 60), ("disconnect", 60), ("malformed", 60), ("stall", 2)], indirect=["house"]
)
async def test_a_stream_that_breaks_ends_incomplete(house: Served, provider: LLMock, kind: str) -> None:
    fault = StreamFault(kind, after_chunks=4, match=Match(stream=True), stall_seconds=30.0)  # type: ignore[arg-type]
    provider.reply(WORDS).add(fault)
    async with house.client.stream("POST", MESSAGES, json={"content": "Oi", "stream": True}) as response:
        assert response.status_code == 200
        seen = [event async for event in events(response)]
    assert text_of(seen) and WORDS.startswith(text_of(seen)) and text_of(seen) != WORDS
    assert (seen[-1].name, seen[-1].data["error"]["code"]) == ("incomplete", "answer_broken")
    kept = await house.message(seen[-1].data["message_id"])
    assert (kept["status"], kept["content"]) == ("error", text_of(seen))
    assert len(provider.requests) == 1


@pytest.mark.parametrize(("status", "seen"), [(401, 502), (500, 503), (429, 503), (400, 502)])
async def test_a_provider_that_refuses_has_a_status(house: Served, provider: LLMock, status: int, seen: int) -> None:
    provider.fail(status, times=None)
    refused = await house.say("Oi", stream=True)
    assert (refused.status_code, refused.headers["content-type"]) == (seen, "application/problem+json")
    assert (await house.client.get(CONVERSATIONS)).json()["items"] == []


@pytest.mark.parametrize("how", ["leaves", "cancels", "erases"])
async def test_the_upstream_socket_closes_within_a_second(
    monkeypatch: pytest.MonkeyPatch, database: Database, database_url: str, tmp_path: Path, how: str
) -> None:
    async with raw_provider("openai_compatible") as upstream:
        models = models_file(tmp_path, upstream.url)
        async with serving(monkeypatch, database_url, None, MODELS_FILE=models) as house:
            async with house.client.stream("POST", MESSAGES, json={"content": "Oi", "stream": True}) as response:
                coming = events(response)
                start = (await anext(coming)).data
                assert (await anext(coming)).data["content"] == "olá "
                if how == "cancels":
                    await house.client.delete(f"{MESSAGES}/{start['message_id']}")
                elif how == "erases":
                    await house.client.delete(f"{CONVERSATIONS}/{start['conversation_id']}")
                if how != "leaves":
                    assert [event.name async for event in coming] == ["incomplete"]
            await asyncio.wait_for(upstream.hung_up.wait(), SOON_S)
    with database.read() as connection:
        assert connection.execute(select(attempts.c.outcome)).scalars().all() == ["cancelled"]
