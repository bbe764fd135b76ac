"""Files sent, read back and deleted over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.files import leftovers
from shared.files.store import Draft, FileStore
from tests.integration.api.test_spine_api import NOBODY, serving

_CSV = b"nome;cpf\nRosa;1\n"
_LIMIT = 200_000


@pytest.fixture
async def client(
    monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    files = {"FILES_DIR": str(tmp_path / "files"), "UPLOAD_MAX_BYTES": str(_LIMIT)}
    async with serving(monkeypatch, database_url, NOBODY, **files) as made:
        yield made


async def _send(client: httpx.AsyncClient, content: bytes = _CSV, name: str = "p.csv", **data: str) -> httpx.Response:
    return await client.post("/api/uploads", files={"file": (name, content, "image/png")}, data=data)


def _kept(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def test_a_file_comes_back_as_it_was_sent(client: httpx.AsyncClient) -> None:
    sent = await _send(client, description="recepção")
    body = sent.json()
    assert sent.status_code == 201
    assert sent.headers["location"] == f"/api/uploads/{body['id']}"
    assert (body["name"], body["description"], body["media_type"]) == ("p.csv", "recepção", "text/csv")
    assert (body["size"], body["sha256"]) == (len(_CSV), hashlib.sha256(_CSV).hexdigest())
    assert (await client.get(f"/api/uploads/{body['id']}")).json() == body
    content = await client.get(f"/api/uploads/{body['id']}/content")
    assert content.content == _CSV
    assert content.headers["content-disposition"].startswith("attachment")
    assert content.headers["x-content-type-options"] == "nosniff"


async def test_a_large_file_arrives_whole(client: httpx.AsyncClient) -> None:
    content = b"nome\n" + b"Rosa\n" * 30_000
    body = (await _send(client, content)).json()
    assert (body["size"], body["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


async def test_pages_are_newest_first(client: httpx.AsyncClient) -> None:
    ids = [(await _send(client)).json()["id"] for _ in range(3)]
    first = (await client.get("/api/uploads", params={"limit": 2})).json()
    rest = (await client.get("/api/uploads", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


async def test_a_deleted_file_is_gone(client: httpx.AsyncClient, tmp_path: Path) -> None:
    upload = (await _send(client)).json()["id"]
    assert (await client.delete(f"/api/uploads/{upload}")).status_code == 204
    assert (await client.get(f"/api/uploads/{upload}")).status_code == 404
    assert (await client.delete(f"/api/uploads/{upload}")).status_code == 404
    assert _kept(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "kept"), [("../../etc/passwd", "passwd"), ("C:\\dados\\p.csv", "p.csv"), ("a\r\nb.csv", "b.csv")]
)
async def test_a_name_is_only_a_name(client: httpx.AsyncClient, name: str, kept: str) -> None:
    assert (await _send(client, name=name)).json()["name"].endswith(kept)


async def test_nothing_stays_of_a_file_over_the_limit(client: httpx.AsyncClient, tmp_path: Path) -> None:
    refused = await _send(client, b"x" * (_LIMIT + 100_000))
    assert (refused.status_code, refused.headers["content-type"]) == (413, "application/problem+json")
    assert _kept(tmp_path) == []


async def test_nothing_stays_of_a_file_that_is_refused(client: httpx.AsyncClient, tmp_path: Path) -> None:
    refused = await _send(client, b"PK\x03\x04\x14\x00\x00")
    assert refused.status_code == 415
    assert "descompacte" in refused.json()["detail"]
    assert _kept(tmp_path) == []


async def test_forms_without_sense_are_refused(client: httpx.AsyncClient) -> None:
    no_file = await client.post("/api/uploads", files={"description": (None, "x")})
    other_field = await client.post("/api/uploads", files={"file": ("a", _CSV), "dono": (None, "eu")})
    two = await client.post("/api/uploads", files=[("file", ("a", _CSV)), ("file", ("b", _CSV))])
    not_a_form = await client.post("/api/uploads", json={"file": "x"})
    headers = {"content-type": "multipart/form-data; boundary=x"}
    begun = b'--x\r\nContent-Disposition: form-data; name="file"'
    cut = await client.post("/api/uploads", content=begun, headers=headers)
    assert [a.status_code for a in (no_file, other_field, two, not_a_form, cut)] == [422, 422, 422, 415, 400]
    long_text = await _send(client, description="x" * 501)
    assert (long_text.status_code, long_text.json()["errors"][0]["field"]) == (422, "description")


async def test_a_store_that_is_away_leaves_no_file_that_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    away = f"sqlite:///{tmp_path / 'without tables.db'}"
    async with serving(monkeypatch, away, NOBODY, FILES_DIR=str(tmp_path / "files")) as client:
        assert (await _send(client)).status_code == 503
    assert _kept(tmp_path) == []


async def test_a_folder_that_is_away_is_said_and_its_return_is_enough(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.write_bytes(b"")  # in the folder's place, so that nothing can be written below it
    refused = await _send(client)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["type"].endswith(":files-unavailable")
    assert (await client.get("/api/uploads")).json()["items"] == []
    folder.unlink()
    assert (await _send(client)).status_code == 201


@pytest.mark.parametrize("dies_in", ["keep", "delete"])
async def test_whoever_dies_between_a_file_and_its_row_leaves_a_note_of_it(
    dies_in: str, client: httpx.AsyncClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Draft.keep

    def kept_and_dead(draft: Draft) -> str:
        keep(draft)
        raise StoreUnavailable("morto")

    def dead(_files: FileStore, _key: str) -> None:
        raise StoreUnavailable("morto")

    with monkeypatch.context() as dying:
        dying.setattr(Draft, "keep", kept_and_dead) if dies_in == "keep" else dying.setattr(FileStore, "delete", dead)
        sent = await _send(client)
        if dies_in == "delete":
            assert (await client.delete(f"/api/uploads/{sent.json()['id']}")).status_code == 503
    assert (await client.get("/api/uploads")).json()["items"] == []
    assert len(_kept(tmp_path)) == 1
    with database.write() as connection:
        leftovers.sweep(connection, clock.now() + timedelta(days=2), FileStore(tmp_path / "files"))
    assert _kept(tmp_path) == []
