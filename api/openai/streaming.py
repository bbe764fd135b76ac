"""A model's stream as OpenAI's server-sent events. The status line waits for the first event."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.disconnects import Pump, unless_gone
from api.openai import errors as openai_errors
from api.openai.replies import DONE, Chunks, error_frame, origin
from shared.errors import PlantaoError
from shared.llm.contract import Finished, StreamEvent, TextDelta

_log = structlog.get_logger(__name__)


class EventStream(StreamingResponse):
    """Server-sent events that call `close` when they end, whoever ended them."""

    def __init__(self, frames: AsyncIterator[bytes], request_id: str, close: Callable[[], Awaitable[None]]) -> None:
        headers = {"x-accel-buffering": "no", "x-request-id": request_id}
        super().__init__(frames, headers=headers, media_type="text/event-stream")
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._close()


async def streamed(request: Request, events: Pump[StreamEvent], chunks: Chunks, *, include_usage: bool) -> Response:
    """The answer, begun once the first event is there. Raises what the gateway raises before it."""
    try:
        first = await unless_gone(request, events.__anext__())
    except BaseException:
        await events.aclose()
        raise
    frames = whole_or_broken(_frames(first, events, chunks, include_usage))
    return EventStream(frames, openai_errors.request_id(request), events.aclose)


async def whole_or_broken(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The frames and [DONE], or those that came and the error that ended them."""
    try:
        async for frame in frames:
            yield frame
    except PlantaoError as error:
        yield error_frame(openai_errors.body(error))
    except Exception as error:  # noqa: BLE001 - the status line is gone: this frame is the only way to say it
        _log.error("stream_broken", exception=type(error).__name__)
        yield error_frame(openai_errors.body(PlantaoError()))
    else:
        yield DONE


async def _frames(
    first: StreamEvent, rest: Pump[StreamEvent], chunks: Chunks, include_usage: bool
) -> AsyncIterator[bytes]:
    yield chunks.role()
    event = first
    while not isinstance(event, Finished):
        yield chunks.text(event.text) if isinstance(event, TextDelta) else chunks.tool_call(event)
        event = await anext(rest)
    yield chunks.finish(event.reply.finish_reason, origin(event.reply))
    if include_usage:
        yield chunks.usage(event.reply.usage)
