"""What became of a file's rows, the queue of people who may be one, and merges that can be undone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from sqlalchemy.engine import Connection
from starlette.responses import Response, StreamingResponse

from api.dependencies import AppParts, Caller, CurrentCaller, Parts, TaskId
from api.register_views import (
    Decisao,
    DecisaoRevisao,
    DecisaoView,
    Desfazer,
    EstadoRevisao,
    PaginaFusoes,
    PaginaLinhas,
    PaginaRevisoes,
    merge_view,
    question_view,
    row_view,
)
from api.views import PROBLEMS, json_response
from shared.errors import NotFound
from shared.register import ingestions, merging, reading, reviewing, undoing
from shared.register.blocks import Blocking
from shared.register.records import Disposition
from shared.register.reviewing import Answer

router = APIRouter(tags=["Ingestão de dados"])

_KNOWN: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 422, 503)}
_WRITE = _KNOWN | {code: PROBLEMS[code] for code in (400, 409)}
_Id = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
_Limit = Annotated[int, Query(ge=1, le=1000)]
# OWASP, CSV injection. A row whose first cell is quoted begins with its quote, which is no formula.
_STARTS_FORMULA = (b"=", b"+", b"-", b"@", b"\t", b"\r")
T = TypeVar("T")


@router.get(
    "/{task_id}/linhas",
    summary="O destino de cada linha do arquivo, na ordem dele",
    response_model=None,
    responses={200: {"model": PaginaLinhas}, **_KNOWN},
)
async def list_rows(
    task_id: TaskId,
    parts: AppParts,
    caller: CurrentCaller,
    disposicao: Disposition | None = None,
    cursor: Annotated[int, Query(ge=-1, le=2**62, description="next_cursor da página anterior")] = -1,
    limit: _Limit = 200,
) -> Response:
    def read(connection: Connection) -> list[dict[str, Any]]:
        ingestion = _ingestion(connection, caller, task_id)
        return reading.rows(connection, ingestion, disposicao and disposicao.value, cursor, limit)

    rows = await _read(parts, read)
    return _page([row_view(row) for row in rows], limit, lambda row: str(row["linha"]))


@router.get(
    "/{task_id}/rejeitados.csv",
    summary="As linhas rejeitadas, byte por byte como vieram, com seus códigos",
    description="Colunas: linha, codigos, linha_original. A terceira é o texto recebido, sem nenhuma mudança: o que é "
    "fórmula ali continua sendo. Para abrir numa planilha, peça `planilha=true`.",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "CSV com ponto e vírgula"}, **_KNOWN},
)
async def export_rejects(
    task_id: TaskId,
    parts: AppParts,
    caller: CurrentCaller,
    planilha: Annotated[bool, Query(description="Apóstrofo antes da linha que uma planilha executaria")] = False,
) -> Response:
    ingestion = await _read(parts, lambda connection: _ingestion(connection, caller, task_id))
    headers = {"Content-Disposition": 'attachment; filename="rejeitados.csv"'}
    return StreamingResponse(_rejects(parts, ingestion, planilha), media_type="text/csv", headers=headers)


@router.get(
    "/revisoes",
    summary="Pares que podem ser a mesma pessoa e linhas que esperam por uma decisão",
    response_model=None,
    responses={200: {"model": PaginaRevisoes}, 422: PROBLEMS[422], 503: PROBLEMS[503]},
)
async def list_questions(
    parts: AppParts,
    caller: CurrentCaller,
    estado: EstadoRevisao = EstadoRevisao.ABERTA,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$")] = None,
    limit: _Limit = 50,
) -> Response:
    rows = await _read(parts, lambda c: reviewing.page(c, caller.tenant, estado.value, cursor, limit))
    return _page([question_view(row) for row in rows], limit, lambda row: str(row["id"]))


@router.post(
    "/revisoes/{review_id}",
    summary="Decidir: mesma pessoa (junta, e pode ser desfeito) ou pessoas diferentes",
    response_model=None,
    responses={200: {"model": DecisaoView}, **_WRITE},
)
async def decide(review_id: _Id, body: DecisaoRevisao, parts: AppParts, caller: CurrentCaller) -> Response:
    answer = Answer(review_id, body.decisao is Decisao.MESMA_PESSOA, body.responsavel)

    def write() -> str | None:
        with parts.database.write() as connection:
            return reviewing.answer(connection, caller.tenant, answer, parts.blind.of(caller.tenant))

    merge = await asyncio.to_thread(write)
    return json_response({"id": review_id, "estado": body.decisao, "fusao": merge})


@router.get(
    "/fusoes",
    summary="Fusões de cadastros, a mais nova primeiro",
    response_model=None,
    responses={200: {"model": PaginaFusoes}, 422: PROBLEMS[422], 503: PROBLEMS[503]},
)
async def list_merges(
    parts: AppParts,
    caller: CurrentCaller,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$")] = None,
    limit: _Limit = 50,
) -> Response:
    rows = await _read(parts, lambda connection: merging.page(connection, caller.tenant, cursor, limit))
    return _page([merge_view(row) for row in rows], limit, lambda row: str(row["id"]))


@router.post(
    "/fusoes/{merge_id}/desfazer",
    summary="Desfazer uma fusão: cada cadastro volta a ser o que era",
    response_model=None,
    responses={200: {"model": DecisaoView}, **_WRITE},
)
async def undo(merge_id: _Id, body: Desfazer, parts: AppParts, caller: CurrentCaller) -> Response:
    blind = parts.blind.of(caller.tenant)

    def write() -> None:
        with parts.database.write() as connection:
            undoing.undo(connection, caller.tenant, merge_id, body.responsavel, Blocking(blind))

    await asyncio.to_thread(write)
    return json_response({"id": merge_id, "estado": merging.UNDONE, "fusao": merge_id})


async def _read(parts: Parts, query: Callable[[Connection], T]) -> T:
    def read() -> T:
        with parts.database.read() as connection:
            return query(connection)

    return await asyncio.to_thread(read)


def _ingestion(connection: Connection, caller: Caller, task_id: str) -> int:
    found = ingestions.of_task(connection, caller.tenant, task_id)
    if found is None:
        raise NotFound("esta tarefa não carregou nenhum arquivo (ainda)")
    return found


def _rejects(parts: Parts, ingestion: int, for_spreadsheet: bool) -> Iterator[bytes]:
    yield b"linha;codigos;linha_original\r\n"
    with parts.database.read() as connection:
        for line, codes, raw in reading.rejects(connection, ingestion):
            original = raw.removesuffix(b"\n").removesuffix(b"\r").replace(b'"', b'""')
            harmless = b"'" if for_spreadsheet and original.startswith(_STARTS_FORMULA) else b""
            yield f"{line};{codes};".encode() + b'"' + harmless + original + b'"\r\n'


def _page(items: list[dict[str, Any]], limit: int, cursor: Callable[[dict[str, Any]], str]) -> Response:
    return json_response({"items": items, "next_cursor": cursor(items[-1]) if len(items) == limit else None})
