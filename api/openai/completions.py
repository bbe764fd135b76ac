"""One chat completion, by a model of the catalogue or by a crew, whole or as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api import status
from api.dependencies import Caller, Parts
from api.disconnects import Pump, unless_gone
from api.openai import crew_replies, replies
from api.openai.body import Asked
from api.openai.crews import Crew, CrewTask, changes, submit
from api.openai.errors import request_id
from api.openai.streaming import EventStream, streamed, whole_or_broken
from api.views import json_response
from shared import clock
from shared.llm.contract import CallContext, Surface
from shared.privacy.blind_index import IdentifierKind

_KEEPALIVE_S = 15.0
_ID = "chatcmpl-"


async def by_model(request: Request, asked: Asked, parts: Parts, caller: Caller) -> Response:
    """Raises what the gateway raises, and ClientDisconnect once nobody waits for the answer any more."""
    wanted, typed = asked.for_gateway(), asked.typed
    context = _context(request, asked, parts, caller)
    identity = (_ID + context.request_id, _now(), typed.model)
    if typed.stream:
        chunks = replies.Chunks(*identity, include_usage=typed.include_usage)
        pump = Pump(parts.gateway.stream(wanted, context), parts.stopping)
        return await streamed(request, pump, chunks, include_usage=typed.include_usage)
    reply = await unless_gone(request, parts.gateway.complete(wanted, context), parts.stopping)
    return json_response(replies.completion(*identity, reply), headers=_headers(request))


async def by_crew(request: Request, crew: Crew, asked: Asked, parts: Parts, caller: Caller) -> Response:
    """Raises CrewTaskFailed, ServiceUnavailable, what accepting a task raises, and ClientDisconnect; the task goes on
    whoever leaves.
    """
    task = await submit(crew, asked, request)
    identity = (_ID + task.id, _now(), crew.id)
    if asked.typed.stream:
        chunks = replies.Chunks(*identity, include_usage=asked.typed.include_usage)
        frames = _crew_frames(chunks, parts, caller, task, include_usage=asked.typed.include_usage)
        pump = Pump(frames, parts.stopping)
        return EventStream(whole_or_broken(pump), request_id(request), pump.aclose)
    view = await unless_gone(request, _ended(parts, caller, task), parts.stopping)
    text, usage = crew_replies.opinion(view, task), crew_replies.usage(view)
    body = replies.text_completion(*identity, text, usage, crew_replies.about(view, task))
    return json_response(body, headers=_headers(request))


def _context(request: Request, asked: Asked, parts: Parts, caller: Caller) -> CallContext:
    """Messages of foreign programs are what people wrote, about people that nobody has named to us."""
    person = asked.typed.safety_identifier or asked.typed.user
    blind = parts.blind.of(caller.tenant)
    return CallContext(
        surface=Surface.OPENAI,
        deadline_s=parts.settings.api.openai_deadline_s,
        tenant=caller.tenant,
        client=caller.client,
        subject_id=blind.value(IdentifierKind.END_USER, person) if person else None,
        request_id=request_id(request),
    )


async def _ended(parts: Parts, caller: Caller, task: CrewTask) -> dict[str, Any]:
    wait = parts.settings.api.openai_crew_wait_s
    rows = [row async for row in changes(parts, caller, task, wait, wait)]
    return await status.view(parts, rows[-1])


async def _crew_frames(
    chunks: replies.Chunks, parts: Parts, caller: Caller, task: CrewTask, *, include_usage: bool
) -> AsyncGenerator[bytes, None]:
    """Progress goes into comments: a delta of it would become part of the text."""
    yield chunks.role(task.reference())
    async for row in changes(parts, caller, task, parts.settings.api.openai_crew_wait_s, _KEEPALIVE_S):
        yield replies.comment(f"{row.status} {row.progress_done}/{row.progress_total} {row.progress_agent or ''}")
    view = await status.view(parts, row)
    yield chunks.text(crew_replies.opinion(view, task))
    yield chunks.finish("stop", crew_replies.about(view, task))
    if include_usage:
        yield chunks.usage(crew_replies.usage(view))


def _headers(request: Request) -> dict[str, str]:
    return {"x-request-id": request_id(request)}


def _now() -> int:
    return int(clock.now().timestamp())
