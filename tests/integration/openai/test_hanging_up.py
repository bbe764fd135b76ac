"""A client that leaves takes its upstream request with it: seen at the provider's own socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from sqlalchemy import select

from shared.database import Database
from shared.llm.schema import attempts
from tests.integration.openai.surface import listening, models_file
from tests.unit.llm.wire.raw_provider import RawProvider, raw_provider

SOON_S = 1.0  # what the issue promises
LONG_S = 120


@pytest.fixture
async def speaking() -> AsyncIterator[RawProvider]:
    async with raw_provider("openai_compatible") as upstream:
        yield upstream


@pytest.fixture
async def silent() -> AsyncIterator[RawProvider]:
    async with raw_provider("openai_compatible", answers=False) as upstream:
        yield upstream


def body(**more: Any) -> dict[str, Any]:
    return {"model": "primeira", "messages": [{"role": "user", "content": "olá"}], **more}


async def test_leaving_in_mid_stream(speaking: RawProvider, sqlite_url: str, tmp_path: Path) -> None:
    with api(speaking, sqlite_url, tmp_path) as url:
        async with httpx.AsyncClient(timeout=LONG_S) as client:
            async with client.stream("POST", f"{url}/chat/completions", json=body(stream=True)) as answer:
                assert answer.status_code == 200
                async for line in answer.aiter_lines():
                    if "olá" in line:
                        break
            async with asyncio.timeout(SOON_S):
                await speaking.hung_up.wait()
    assert await outcomes(sqlite_url) == ["cancelled"]


@pytest.mark.parametrize("stream", [False, True])
async def test_leaving_before_the_first_token(
    silent: RawProvider, sqlite_url: str, tmp_path: Path, stream: bool
) -> None:
    with api(silent, sqlite_url, tmp_path) as url:
        async with httpx.AsyncClient(timeout=LONG_S) as client:
            asking = asyncio.create_task(client.post(f"{url}/chat/completions", json=body(stream=stream)))
            await silent.asked.wait()
            asking.cancel()
            async with asyncio.timeout(SOON_S):
                await silent.hung_up.wait()
    assert await outcomes(sqlite_url) == ["cancelled"]


async def test_a_process_that_stops_ends_its_streams_with_an_error(
    speaking: RawProvider, sqlite_url: str, tmp_path: Path
) -> None:
    text = ""
    with api(speaking, sqlite_url, tmp_path) as url:
        client = openai.AsyncOpenAI(base_url=url, api_key="sk", max_retries=0)
        stream = await client.chat.completions.create(**body(stream=True))
        async for chunk in stream:
            text += chunk.choices[0].delta.content or ""
            if text:
                break
    with pytest.raises(openai.APIError) as cut:
        async for _ in stream:
            pass
    await client.close()
    assert (cut.value.code, cut.value.type) == ("unavailable", "server_error")
    assert await outcomes(sqlite_url) == ["cancelled"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_process_that_stops_refuses_what_it_has_not_begun_to_answer(
    silent: RawProvider, sqlite_url: str, tmp_path: Path, stream: bool
) -> None:
    async with openai.AsyncOpenAI(base_url="http://later/v1", api_key="sk", max_retries=0) as client:
        with api(silent, sqlite_url, tmp_path) as url:
            client.base_url = url
            asking = asyncio.create_task(client.chat.completions.create(**body(stream=stream)))
            await silent.asked.wait()
        with pytest.raises(openai.InternalServerError) as refused:
            await asking
    assert (refused.value.status_code, refused.value.code) == (503, "unavailable")
    assert int(refused.value.response.headers["retry-after"]) > 0


def api(upstream: RawProvider, url: str, folder: Path) -> Any:
    models = models_file(folder, upstream.url, upstream.url)
    return listening(DATABASE_URL=url, FILES_DIR=str(folder / "files"), MODELS_FILE=models)


async def outcomes(url: str) -> list[str]:
    """Of every attempt in the ledger, once the API has closed."""
    database = Database(url)
    with database.read() as connection:
        found = connection.execute(select(attempts.c.outcome)).scalars().all()
    database.close()
    return list(found)
