"""An answer as server-sent events that a plain loop over `data:` lines with JSON.parse can read.

    event: start                                    id: 12                        event: complete | incomplete
    data: {"content": "", "message_id": …}          data: {"content": "…"}        data: {"content": "", "status": …}

The id of a piece is the number of characters sent so far, which is all that resuming needs. Keep-alives are comments.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.chat.buffer import Ending
from api.chat.generation import Generation
from api.chat.service import Chat
from api.chat.views import message_url, usage_view
from shared import clock
from shared.conversations.records import Message, MessageStatus, Outcome, Owner
from shared.errors import NotFound, ServiceUnavailable
from shared.llm.contract import Usage

KEEP_ALIVE = b": ainda aqui\n\n"
_POLL_S = 0.3
_KEEP_ALIVE_POLLS = 50


class AnswerStream(StreamingResponse):
    """Server-sent events for one reader, who `leave`s when they end, whoever ended them."""

    def __init__(self, frames: AsyncIterator[bytes], message: Message, leave: Callable[[], None] | None = None) -> None:
        # Proxies that gather before they pass on would turn a stream into a wait.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Location": message_url(message)}
        super().__init__(frames, headers=headers, media_type="text/event-stream")
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._leave is not None:
                self._leave()


async def local_frames(generation: Generation, offset: int) -> AsyncIterator[bytes]:
    """From this process's memory."""
    buffer = generation.buffer
    yield start_frame(generation.message)
    while True:
        text = buffer.since(offset)
        if text:
            offset += len(text)
            yield piece_frame(text, offset)
        elif buffer.ending is not None:
            yield end_frame(generation.message, buffer.ending)
            return
        elif not await buffer.wait():
            yield KEEP_ALIVE


async def stored_frames(chat: Chat, owner: Owner, message: Message, offset: int) -> AsyncIterator[bytes]:
    """From the store, as the process that generates writes it there.

    Ends `incomplete` when that process is dead, and when the message was erased.
    """
    yield start_frame(message)
    quiet = 0
    while True:
        text = message.content[offset:]
        if text:
            offset, quiet = offset + len(text), 0
            yield piece_frame(text, offset)
        if not message.streaming:
            yield end_frame(message, _ending(message))
            return
        quiet += 1
        if quiet % _KEEP_ALIVE_POLLS == 0:
            yield KEEP_ALIVE
        await asyncio.sleep(_POLL_S)
        try:
            message = await chat.message(owner, message.id)
        except (NotFound, ServiceUnavailable) as error:
            # A store that is away is waited for as long as whoever generates may be alive.
            if isinstance(error, ServiceUnavailable) and message.lease_until and message.lease_until > clock.now():
                continue
            lost = Outcome(message.id, MessageStatus.ERROR, message.content, error_code=error.slug)
            yield end_frame(message, Ending(lost, error))
            return


def start_frame(message: Message) -> bytes:
    """Tells where the answer is kept, before its first word."""
    data = {"content": "", "conversation_id": message.conversation_id, "message_id": message.id}
    return b"event: start\ndata: " + orjson.dumps(data) + b"\n\n"


def piece_frame(text: str, offset: int) -> bytes:
    return b'id: %d\ndata: {"content":%b}\n\n' % (offset, orjson.dumps(text))


def end_frame(message: Message, ending: Ending) -> bytes:
    """The terminal event; it does not repeat the text."""
    outcome = ending.outcome
    status = "complete" if outcome.status == MessageStatus.COMPLETE else "incomplete"
    data: dict[str, Any] = {
        "content": "",
        "status": status,
        "conversation_id": message.conversation_id,
        "message_id": message.id,
        "finish_reason": outcome.finish_reason,
        "deployment": outcome.deployment,
        "usage": usage_view(outcome.usage),
        "cost_microusd": outcome.cost_microusd,
    }
    if status == "incomplete":
        detail = ending.error.detail if ending.error else "a resposta foi interrompida; o que veio está guardado"
        data["error"] = {"code": outcome.error_code, "detail": detail}
    return b"event: " + status.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


def _ending(message: Message) -> Ending:
    usage = None
    if message.prompt_tokens is not None and message.completion_tokens is not None:
        usage = Usage(message.prompt_tokens, message.completion_tokens, message.usage_source or "estimate")  # type: ignore[arg-type]
    outcome = Outcome(
        message_id=message.id,
        status=MessageStatus(message.status),
        content=message.content,
        finish_reason=message.finish_reason,
        deployment=message.deployment,
        usage=usage,
        cost_microusd=message.cost_microusd,
        error_code=message.error_code,
    )
    return Ending(outcome)
