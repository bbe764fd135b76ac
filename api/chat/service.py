"""The chat of one API process: which answers it generates, and what becomes of them when something dies."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from uuid_utils import uuid7

from api.chat import summarising
from api.chat.attaching import Files, FilesWanted
from api.chat.exchange import Asked, Exchange, open_exchange
from api.chat.generation import Generation, Question
from api.chat.prompt import Prompt
from api.chat.requests import NewMessage
from shared import clock
from shared.conversations import answers, attachments, messages, store, summaries
from shared.conversations.people.searching import People
from shared.conversations.records import Conversation, Message, MessageStatus, Owner
from shared.database import Database
from shared.errors import ExecutionError, Overloaded, ServiceUnavailable
from shared.files.store import FileStore
from shared.group_commit import GroupCommit
from shared.llm.contract import CallContext, ChatRequest, ModelCard, ModelGateway, Surface
from shared.settings import Settings

_log = structlog.get_logger(__name__)
_TICK_S = 1.0
_SWEEP_TICKS = 10
_NUDGE_TICKS = 15
_CANCEL_S = 5.0

T = TypeVar("T")


class Chat:
    """Make it on the loop that serves requests, and `start` it there."""

    def __init__(self, settings: Settings, database: Database, gateway: ModelGateway, files: FileStore) -> None:
        self._settings, self._database, self._gateway, self._files = settings, database, gateway, files
        self._name = f"{socket.gethostname()}:{os.getpid()}:{str(uuid7())[-12:]}"
        self._commits = GroupCommit(database, [answers.extend, answers.end])
        self._running: dict[str, Generation] = {}
        self._afterwards: set[asyncio.Task[None]] = set()
        self._cards: Sequence[ModelCard] = ()
        self._draining = False
        self._ticker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep leases, and to sweep those of the dead."""
        self._ticker = asyncio.create_task(self._tick())

    def drain(self) -> None:
        """Interrupt every answer, so that its readers see the end before their connections are closed."""
        self._draining = True
        for generation in self._running.values():
            generation.stop("shutting_down")

    async def close(self) -> None:
        """Every row that this process began has ended when it returns, if the store can be reached."""
        self.drain()
        others = [task for task in (self._ticker, *self._afterwards) if task]
        for task in others:
            task.cancel()
        generating = [generation.task for generation in self._running.values()]
        await asyncio.gather(*others, *generating, return_exceptions=True)
        await asyncio.to_thread(self._commits.close)

    async def cards(self) -> Sequence[ModelCard]:
        """What a message may name as its model."""
        if not self._cards:
            # The gateway resolves the names of hosts the first time.
            self._cards = await asyncio.to_thread(self._gateway.models)
        return self._cards

    async def ask(self, owner: Owner, body: NewMessage, key: str | None) -> tuple[Exchange, Generation | None]:
        """Keep the question and begin its answer; None: an earlier request's answer that is not generated here.

        Raises what `open_exchange` raises, Overloaded, or ServiceUnavailable while the process ends.
        """
        if self._draining:
            raise ServiceUnavailable("o processo está encerrando; tente de novo", retry_after=2)
        if len(self._running) >= self._settings.chat.chat_max_answers:
            raise Overloaded("muitas respostas em geração neste processo", retry_after=5)
        asked = Asked(
            owner=owner,
            body=body,
            key=key,
            cards=await self.cards(),
            max_characters=self._settings.model.model_max_prompt_chars,
            files=Files(self._files, self._settings.chat.chat_attachment_max_bytes),
            process=self._name,
            lease_s=self._settings.chat.chat_lease_s,
        )
        exchange = await self._opened(asked)
        if exchange.prompt is None:
            return exchange, self._running.get(exchange.answer.id)
        return exchange, self._generate(exchange, exchange.prompt, body)

    async def _opened(self, asked: Asked) -> Exchange:
        """Files are read between two transactions: no lock waits for a disk, or for a search for names."""
        while True:
            try:
                return await self.write(lambda connection: open_exchange(connection, asked))
            except FilesWanted as wanted:
                await asyncio.to_thread(asked.files.fetch, wanted.uploads)

    def running(self, message_id: str) -> Generation | None:
        """The answer, if this process generates it now."""
        return self._running.get(message_id)

    async def forget_failed(self, exchange: Exchange) -> None:
        """A new conversation whose first answer failed before its first word was never begun, for its caller."""
        if exchange.new_conversation:
            await self.erase(exchange.conversation.owner, exchange.conversation.id)

    async def cancel(self, owner: Owner, message_id: str) -> Message:
        """The message as it ended: interrupted by this, or whole before it came. Raises NotFound."""
        message = await self.message(owner, message_id)
        generation = self._running.get(message_id)
        if generation is not None:
            generation.stop("cancelled")
            await asyncio.wait([generation.task], timeout=_CANCEL_S)
        elif message.streaming:
            await self.write(lambda connection: answers.interrupt(connection, message_id))
        return await self.message(owner, message_id)

    async def erase(self, owner: Owner, conversation_id: str) -> None:
        """Stop what is being said in it and forget the conversation. Raises NotFound."""
        await self.write(lambda connection: store.erase(connection, owner, conversation_id))
        for generation in list(self._running.values()):
            if generation.message.conversation_id == conversation_id:
                generation.stop("erased")

    async def message(self, owner: Owner, message_id: str) -> Message:
        """One message as it is stored; an answer whose process died is ended first. Raises NotFound."""
        found = await self._message(owner, message_id)
        moment = clock.now()
        if not (found.streaming and found.lease_until and found.lease_until < moment):
            return found
        await self.write(lambda connection: answers.expire(connection, moment, found.conversation_id))
        return await self._message(owner, message_id)

    async def _message(self, owner: Owner, message_id: str) -> Message:
        def query(connection: Connection) -> Message:
            return attachments.with_deleted(connection, [messages.get(connection, owner, message_id)])[0]

        return await self.read(query)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Off the loop."""

        def work() -> T:
            with self._database.read() as connection:
                return query(connection)

        return await asyncio.to_thread(work)

    async def write(self, statement: Callable[[Connection], T]) -> T:
        """Off the loop, in one transaction."""

        def work() -> T:
            with self._database.write() as connection:
                return statement(connection)

        return await asyncio.to_thread(work)

    def _generate(self, exchange: Exchange, prompt: Prompt, body: NewMessage) -> Generation:
        answer = exchange.answer
        question = Question(
            request=ChatRequest(messages=prompt.window.messages, model=answer.model),
            context=self._context(exchange.conversation, answer, exchange.people),
            estimate=prompt.window.estimate,
            streamed=body.stream,
            background=body.background,
        )
        generation = Generation(self._gateway, self._commits, answer, question)
        self._running[answer.id] = generation
        generation.task.add_done_callback(lambda _: self._generated(generation, prompt, question.context))
        return generation

    def _context(self, conversation: Conversation, answer: Message, people: People) -> CallContext:
        return CallContext(
            surface=Surface.CHAT,
            deadline_s=self._settings.chat.chat_deadline_s,
            tenant=conversation.tenant,
            client=conversation.client,
            domain="conversas",
            subject_id=answer.id,
            identifiers=conversation.identifiers | people.identifiers,
            confined=people.confined,
            request_id=answer.request_id or str(uuid7()),
        )

    def _generated(self, generation: Generation, prompt: Prompt, context: CallContext) -> None:
        del self._running[generation.message.id]
        ending = generation.buffer.ending
        if self._draining or not self._settings.chat.chat_summaries:
            return
        if ending is None or ending.outcome.status != MessageStatus.COMPLETE:
            return
        told = summarising.due(prompt, ending.outcome.of(generation.message))
        if told:
            task = asyncio.create_task(self._summarise(told, prompt, generation.message.model, context))
            self._afterwards.add(task)
            task.add_done_callback(self._afterwards.discard)

    async def _summarise(self, told: list[Message], prompt: Prompt, model: str | None, context: CallContext) -> None:
        try:
            made = await summarising.summarised(self._gateway, prompt, told, model, context)
            await self.write(lambda connection: summaries.add(connection, made))
        except (ExecutionError, ServiceUnavailable, IntegrityError) as error:
            # The model is away, or the conversation was erased meanwhile: the chat goes on without.
            _log.warning("chat_summary_failed", error=type(error).__name__)

    async def _tick(self) -> None:
        ticks = 0
        while True:
            try:
                if ticks % _SWEEP_TICKS == 0:
                    await self._sweep()
                await self._renew()
            except Exception as error:  # noqa: BLE001 - without this task every answer would lose its lease
                _log.warning("chat_leases_not_renewed", exc_info=error)
            if ticks % _NUDGE_TICKS == 0:
                for generation in self._running.values():
                    generation.buffer.nudge()
            ticks += 1
            await asyncio.sleep(_TICK_S)

    async def _sweep(self) -> None:
        moment = clock.now()
        lost = await self.write(lambda connection: answers.expire(connection, moment))
        if lost:
            _log.warning("chat_answers_lost_their_process", count=len(lost))

    async def _renew(self) -> None:
        """Keep the leases of what this process generates; whatever somebody else ended is stopped here too."""
        mine = list(self._running)
        if not mine:
            return
        lease_s = self._settings.chat.chat_lease_s
        held = await self.write(lambda connection: answers.renew(connection, self._name, mine, lease_s))
        for message_id in mine:
            generation = self._running.get(message_id)
            if generation is not None and message_id not in held:
                generation.stop("cancelled")
