"""One answer being generated: from the gateway into a buffer, and from there into the store.

It runs in a task of its own, so that no reader's fate decides how it ends in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from api.chat.buffer import AnswerBuffer, Ending
from shared.conversations import answers
from shared.conversations.answers import Piece
from shared.conversations.records import Message, MessageStatus, Outcome
from shared.errors import PlantaoError, ServiceUnavailable, StoreUnavailable
from shared.group_commit import GroupCommit
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Finished, ModelGateway, StreamEvent, TextDelta

_log = structlog.get_logger(__name__)
_FLUSH_S = 0.25
_SAVE_TRIES = 10
_SAVE_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for one answer. `streamed`: piece by piece; `background`: also when nobody reads."""

    request: ChatRequest
    context: CallContext
    estimate: int
    streamed: bool
    background: bool


class Generation:
    """Make it on the loop that serves requests; it starts at once."""

    def __init__(self, gateway: ModelGateway, commits: GroupCommit, message: Message, question: Question) -> None:
        self.message = message
        self.buffer = AnswerBuffer()
        self._gateway, self._commits, self._question = gateway, commits, question
        self._loop = asyncio.get_running_loop()
        self._readers = 0
        self._stopped: str | None = None
        self._settling = False  # past the model: what is left is to write the end, and nothing may stop that
        self._saved = 0
        self._flushing: asyncio.TimerHandle | Future[bool] | None = None
        self.task = asyncio.create_task(self._run())

    def join(self) -> None:
        """One reader more; it must `leave`."""
        self._readers += 1

    def leave(self) -> None:
        """One reader less. When the last one leaves, an answer that nobody wants any more is interrupted."""
        self._readers -= 1
        if self._readers == 0 and not self._question.background:
            self.stop("client_gone")

    def stop(self, code: str) -> None:
        """Interrupt: the upstream connection is closed, what was said is kept. Only the first call counts."""
        if self._stopped is None:
            self._stopped = code
            # Soon, not now: a task that is cancelled before its first step would never write its end.
            self._loop.call_soon(self._cancel)

    async def begun(self) -> Ending | None:
        """Until there is a first piece, or the end."""
        while self.buffer.length == 0 and self.buffer.ending is None:
            await self.buffer.wait()
        return self.buffer.ending

    async def ended(self) -> Ending:
        while self.buffer.ending is None:
            await self.buffer.wait()
        return self.buffer.ending

    def _cancel(self) -> None:
        if not self._settling:
            self.task.cancel()

    async def _run(self) -> None:
        ending = await self._generated()
        self._settling = True
        self.buffer.end(await self._kept(ending))

    async def _generated(self) -> Ending:
        try:
            reply = await (self._streamed() if self._question.streamed else self._whole())
        except asyncio.CancelledError:
            return self._ending(MessageStatus.INTERRUPTED, self._stopped or "interrupted")
        except PlantaoError as error:
            return self._ending(MessageStatus.ERROR, getattr(error, "code", error.slug), error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the row and its readers too
            _log.error("chat_answer_failed", exc_info=error)
            return self._ending(MessageStatus.ERROR, "internal_error", PlantaoError("erro inesperado"))
        return self._complete(reply)

    async def _streamed(self) -> ChatReply:
        events: AsyncGenerator[StreamEvent, None] = self._gateway.stream(self._question.request, self._question.context)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, TextDelta):
                    self.buffer.add(event.text)
                    if self._flushing is None:
                        self._flushing = self._loop.call_later(_FLUSH_S, self._flush)
                elif isinstance(event, Finished):
                    return event.reply
        raise AssertionError("the gateway ends every stream with Finished or an error")

    async def _whole(self) -> ChatReply:
        reply = await self._gateway.complete(self._question.request, self._question.context)
        self.buffer.add(reply.text)
        return reply

    def _complete(self, reply: ChatReply) -> Ending:
        outcome = Outcome(
            message_id=self.message.id,
            status=MessageStatus.COMPLETE,
            content=self.buffer.text,
            finish_reason=reply.finish_reason,
            deployment=reply.deployment,
            usage=reply.usage,
            prompt_estimate=self._question.estimate,
            cost_microusd=reply.cost_microusd,
        )
        return Ending(outcome)

    def _ending(self, status: MessageStatus, code: str, error: PlantaoError | None = None) -> Ending:
        return Ending(Outcome(self.message.id, status, self.buffer.text, error_code=code), error)

    def _flush(self) -> None:
        """Write what has come since the last time; the next piece after that writes again."""
        text, offset = self.buffer.since(self._saved), self._saved
        piece = Piece(self.message.id, offset, text)
        try:
            self._flushing = self._commits.submit(answers.extend, piece)
        except ServiceUnavailable as error:
            self._flushed_soon(None, error, offset)
            return
        self._flushing.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(self._flushed_soon, done, None, offset + len(text))
        )

    def _flushed_soon(self, done: Future[bool] | None, refused: ServiceUnavailable | None, offset: int) -> None:
        error = refused or (done.exception() if done else None)
        self._flushing = None
        if error is not None:
            # The text stays in memory and goes with the next piece, at the latest with the end.
            _log.warning("chat_flush_failed", error=type(error).__name__)
        elif done is not None and not done.result():
            self.stop("interrupted")
        else:
            self._saved = offset

    async def _kept(self, ending: Ending) -> Ending:
        """Write the end. What the store says wins: somebody else may have ended it before."""
        if isinstance(self._flushing, asyncio.TimerHandle):
            self._flushing.cancel()
        for left in range(_SAVE_TRIES, 0, -1):
            try:
                written = await asyncio.wrap_future(self._commits.submit(answers.end, ending.outcome))
            except Exception as error:  # noqa: BLE001 - whatever keeps it from being written, its readers wait for an end
                _log.warning("chat_end_not_written", error=type(error).__name__, attempts=left)
                await asyncio.sleep(_SAVE_PAUSE_S)
                continue
            return ending if written else _ended_elsewhere(ending)
        lost = StoreUnavailable("a resposta não pôde ser gravada")
        return Ending(replace(ending.outcome, status=MessageStatus.ERROR, error_code=lost.slug), lost)


def _ended_elsewhere(ending: Ending) -> Ending:
    outcome = replace(ending.outcome, status=MessageStatus.INTERRUPTED, error_code=answers.INTERRUPTED_CODE)
    return Ending(outcome, ending.error)
