"""No answer is guessed to be another type, none is kept on its way: refusals, streams, unforeseen errors included."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from api.main import create_app
from shared.settings import load_settings
from tests.integration.api.test_spine_api import NOBODY, posted, serving


def said(answer: httpx.Response) -> tuple[str | None, str | None]:
    return answer.headers.get("x-content-type-options"), answer.headers.get("cache-control")


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/openapi.json", "/docs", "/nada", "/v1/nada", "/health"])
async def test_every_answer_says_what_it_is_and_that_nobody_keeps_it(path: str) -> None:
    """Nothing was started here, so that whatever needs the store meets an error that nobody foresaw."""
    transport = httpx.ASGITransport(create_app(load_settings()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(path)
        assert said(answer) == ("nosniff", "no-store")
        assert answer.status_code == {"/nada": 404, "/v1/nada": 404, "/health": 500}.get(path, 200)
        assert said(await client.get("/docs/assets/swagger-ui.css")) == ("nosniff", None)


async def test_so_do_tasks_and_their_timelines(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path
) -> None:
    async with serving(monkeypatch, sqlite_url, NOBODY, FILES_DIR=str(tmp_path)) as client:
        accepted = await posted(client)
        task = f"/api/tasks/{accepted.json()['task_id']}"
        await client.post(f"{task}/cancel")
        answers = [
            accepted,
            await posted(client, **{"Idempotency-Key": "a b"}),
            await client.get(task),
            await client.get(f"{task}/events"),
        ]
    assert [answer.status_code for answer in answers] == [202, 422, 200, 200]
    assert {said(answer) for answer in answers} == {("nosniff", "no-store")}
