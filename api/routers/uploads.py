"""Files for later work: send, list, read back, delete."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, Response
from uuid_utils import uuid7

from api.dependencies import AppParts, Caller, CurrentCaller, Parts
from api.multipart import receive
from api.views import PROBLEMS, json_response
from shared import clock
from shared.errors import InvalidField, NotFound
from shared.files import leftovers, uploads
from shared.files.content import HEAD_BYTES, recognise
from shared.files.store import Draft
from shared.files.uploads import Upload

router = APIRouter(prefix="/api/uploads", tags=["Arquivos"])

_PUBLIC = ("id", "name", "description", "media_type", "size", "sha256", "created_at")
_DESCRIPTION_MAX = 500
_ENVELOPE_BYTES = 65_536  # boundaries and headers around a file of the largest size
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "description": {"type": "string", "maxLength": _DESCRIPTION_MAX},
                    },
                }
            }
        },
    }
}

UploadId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]


class UploadView(BaseModel):
    """A stored file. `media_type` comes from its content; `id` is what an ingestion request names as `arquivo`."""

    id: str
    name: str
    description: str
    media_type: str
    size: int = Field(description="Bytes")
    sha256: str
    created_at: datetime


class UploadPage(BaseModel):
    items: list[UploadView]
    next_cursor: str | None


@router.post(
    "",
    summary="Enviar um arquivo (CSV, NDJSON, FHIR Bundle ou HL7 v2)",
    status_code=201,
    response_model=None,
    openapi_extra=_FORM,
    responses={201: {"model": UploadView}, **{code: PROBLEMS[code] for code in (400, 413, 415, 422, 503)}},
)
async def send(request: Request, parts: AppParts, caller: CurrentCaller) -> Response:
    largest = parts.settings.files.upload_max_bytes
    with await asyncio.to_thread(parts.files.draft) as draft:
        form = await receive(request, draft, frozenset({"description"}), largest + _ENVELOPE_BYTES)
        description = form.fields.get("description", "").strip()
        if len(description) > _DESCRIPTION_MAX or "\x00" in description:
            raise InvalidField([("description", f"texto de no máximo {_DESCRIPTION_MAX} caracteres")])
        media_type = recognise(draft.head(HEAD_BYTES))
        upload = Upload(
            id=str(uuid7()),
            tenant=caller.tenant,
            client=caller.client,
            name=form.file_name or "",
            description=description,
            media_type=media_type,
            size=draft.size,
            sha256=draft.sha256,
            path=draft.key,
            created_at=clock.now(),
        )
        await asyncio.to_thread(_keep, parts, draft, upload)
    return json_response(_view(upload), 201, {"Location": f"/api/uploads/{upload.id}"})


@router.get(
    "",
    summary="Arquivos enviados, o mais novo primeiro",
    response_model=None,
    responses={200: {"model": UploadPage}, **{code: PROBLEMS[code] for code in (422, 503)}},
)
async def list_uploads(
    parts: AppParts,
    caller: CurrentCaller,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    def read() -> list[Upload]:
        with parts.database.read() as connection:
            return uploads.page(connection, caller.tenant, cursor, limit)

    found = await asyncio.to_thread(read)
    following = found[-1].id if len(found) == limit else None
    return json_response({"items": [_view(upload) for upload in found], "next_cursor": following})


@router.get(
    "/{upload_id}",
    summary="Dados de um arquivo",
    response_model=None,
    responses={200: {"model": UploadView}, **{code: PROBLEMS[code] for code in (404, 422, 503)}},
)
async def read_upload(upload_id: UploadId, parts: AppParts, caller: CurrentCaller) -> Response:
    return json_response(_view(await _find(parts, caller, upload_id)))


@router.get(
    "/{upload_id}/content",
    summary="O arquivo, byte por byte como foi enviado",
    response_model=None,
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}},
        **{code: PROBLEMS[code] for code in (404, 422, 503)},
    },
)
async def download(upload_id: UploadId, parts: AppParts, caller: CurrentCaller) -> Response:
    upload = await _find(parts, caller, upload_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(upload.name)}"}
    return FileResponse(parts.files.path(upload.path), media_type="application/octet-stream", headers=headers)


@router.delete(
    "/{upload_id}",
    summary="Apagar um arquivo",
    status_code=204,
    response_model=None,
    responses={code: PROBLEMS[code] for code in (404, 422, 503)},
)
async def delete(upload_id: UploadId, parts: AppParts, caller: CurrentCaller) -> Response:
    def forget() -> str | None:
        with parts.database.write() as connection:
            key = uploads.remove(connection, caller.tenant, upload_id)
            if key is not None:
                leftovers.abandon(connection, key)
            return key

    key = await asyncio.to_thread(forget)
    if key is None:
        raise NotFound("arquivo desconhecido")
    # At once, for whoever asked; what dies here leaves its note to housekeeping.
    await asyncio.to_thread(parts.files.delete, key)
    return Response(status_code=204)


def _keep(parts: Parts, draft: Draft, upload: Upload) -> None:
    """The row commits after the bytes are durable, and a note of them before: no crash leaves a file nobody knows."""
    draft.sync()
    with parts.database.write() as connection:
        leftovers.expect(connection, upload.path)
    with parts.database.write() as connection:
        leftovers.settle(connection, upload.path)
        uploads.add(connection, upload)
        draft.keep()


async def _find(parts: Parts, caller: Caller, upload_id: str) -> Upload:
    def read() -> Upload | None:
        with parts.database.read() as connection:
            return uploads.find(connection, caller.tenant, upload_id)

    upload = await asyncio.to_thread(read)
    if upload is None:
        raise NotFound("arquivo desconhecido")
    return upload


def _view(upload: Upload) -> dict[str, Any]:
    return {name: getattr(upload, name) for name in _PUBLIC}
