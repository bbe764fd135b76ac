"""The endpoints of every domain, built from what the domain declares about itself.

Events are plain Starlette routes (`api/door.py`): they read and validate their body themselves, so FastAPI's own
handling would only cost time (it halved the rate of accepting). `api/documentation.py` describes them in the OpenAPI
document.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from starlette.responses import Response
from starlette.routing import Route

from api import status
from api.dependencies import AppParts, CurrentCaller, TaskId
from api.door import Door
from api.views import PROBLEMS, TaskView
from shared.domain import Domain
from shared.interop import Reader


def install(app: FastAPI, domain: Domain, prefix: str, readers: dict[str, dict[str, Reader]]) -> None:
    """Add a POST per event, with or without a trailing slash, and the status of the domain's tasks."""
    for event in domain.events:
        if event.path is None:
            continue  # it has a door of its own
        endpoint = Door(domain, event, prefix, readers.get(event.name, {})).accept
        path = f"{prefix}/{event.path}".rstrip("/")
        for spelling in (path, path + "/"):
            app.router.routes.append(Route(spelling, endpoint, methods=["POST"], name=f"{domain.key}.{event.name}"))
    app.include_router(_status_router(domain, prefix))


def _status_router(domain: Domain, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=[domain.title])

    @router.get(
        "/status/{task_id}",
        name=f"{domain.key}.status",
        summary="Situação e resultado de uma tarefa",
        response_model=None,
        responses={
            200: {"model": TaskView},
            304: {"description": "Nada mudou desde o ETag informado"},
            **{code: PROBLEMS[code] for code in (404, 422, 503)},
        },
    )
    async def task_status(
        request: Request,
        task_id: TaskId,
        parts: AppParts,
        caller: CurrentCaller,
        wait: Annotated[int, Query(ge=0, le=30, description="Segundos a esperar por uma mudança")] = 0,
    ) -> Response:
        return await status.answer(request, parts, caller, task_id, domain.key, wait)

    return router
