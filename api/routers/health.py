"""Is it alive, is it ready, how is it: for probes, for `make up`, for operators at night."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from api.dependencies import AppParts, Parts
from api.views import json_response
from shared.errors import StoreUnavailable
from shared.tasks import fleet, publishing

router = APIRouter(tags=["Operação"])
_SILENT_AFTER_HEARTBEATS = 4


@router.get("/livez", summary="O processo responde", response_model=dict[str, str])
async def livez() -> Response:
    return json_response({"status": "ok"})


@router.get(
    "/readyz",
    summary="Pode aceitar trabalho (o broker pode estar fora: o aceite continua)",
    response_model=None,
    responses={503: {"description": "O banco de dados não responde; `store` diz por quê"}},
)
async def readyz(parts: AppParts) -> Response:
    state = await _state(parts)
    return json_response(state, 200 if state["store"] == "ok" else 503)


@router.get("/health", summary="O estado de cada parte", response_model=None)
async def health(parts: AppParts) -> Response:
    return json_response(await _state(parts))


@router.get("/metrics", summary="Métricas Prometheus", response_class=PlainTextResponse)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _state(parts: Parts) -> dict[str, Any]:
    """`status` is ok only when nothing needs an operator; `consumers` lists every live consumer process.

    `relays` counts what publishes and calls out: without one no alert reaches a contact, however well all else works.
    """
    broker = {
        parts.domains[key].vhost: "connected" if publisher.ready.is_set() else "unavailable"
        for key, publisher in parts.submission.publishers.items()
    }
    try:
        processes, unpublished = await asyncio.to_thread(_fleet, parts)
    except StoreUnavailable as error:
        return {
            "status": "unavailable",
            "store": error.detail,
            "broker": broker,
            "consumers": [],
            "relays": 0,
            "unpublished": None,
        }
    consumers = [
        {key: row[key] for key in ("id", "domain", "engine", "state", "detail", "slots", "restarts")}
        for row in processes
        if row["kind"] == "consumer"
    ]
    served = {row["domain"] for row in consumers if row["state"] == "ready"}
    relays = sum(row["kind"] == "relay" and row["state"] == "ready" for row in processes)
    whole = served >= set(parts.domains) and relays and all(state == "connected" for state in broker.values())
    return {
        "status": "ok" if whole else "degraded",
        "store": "ok",
        "broker": broker,
        "consumers": consumers,
        "relays": relays,
        "unpublished": unpublished,
    }


def _fleet(parts: Parts) -> tuple[list[dict[str, Any]], int]:
    within = parts.settings.worker.worker_heartbeat_s * _SILENT_AFTER_HEARTBEATS
    with parts.database.read() as connection:
        return fleet.alive(connection, within), publishing.count_unpublished(connection)
