"""The one door to models: a loop in a thread of its own, retries, deadlines, interruption.

The loop and the model client are made on the first call, so a gateway may be created before a fork
and used after it: a child that inherits one makes its own.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.messages.utils import convert_to_messages
from langchain_core.runnables import Runnable

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.contract import ChatReply, ChatRequest, Interrupted
from shared.llm.failures import classify
from shared.llm.interruption import Interruption
from shared.llm.providers import create_model
from shared.llm.translation import to_reply
from shared.settings import ModelSettings, settings

_BACKOFF_BASE_S = 0.25
_BACKOFF_CAP_S = 4.0
# A longer Retry-After is for the worker's retry: a crew must not hold a slot that long.
_PATIENCE_S = 10.0


@dataclass
class _Engine:
    """What belongs to one process and must not cross a fork."""

    pid: int
    loop: asyncio.AbstractEventLoop
    model: BaseChatModel


class LlmGateway:
    """Blocking calls from any number of threads onto one asynchronous client."""

    def __init__(
        self, model_settings: ModelSettings, factory: Callable[[ModelSettings], BaseChatModel] = create_model
    ) -> None:
        self._settings = model_settings
        self._factory = factory
        self._lock = threading.Lock()
        self._current: _Engine | None = None

    @property
    def provider(self) -> str:
        return self._settings.model_provider

    @property
    def model(self) -> str:
        return self._settings.model_name

    @property
    def opinion_language(self) -> Literal["pt", "en"]:
        return self._settings.opinion_language

    def complete(self, request: ChatRequest, *, timeout: float, interruption: Interruption) -> ChatReply:
        """The whole answer, after as many attempts as the settings and `timeout` (seconds) allow.

        Raises `ModelUnavailable` (try later), `ModelRefused` (it will not answer) or `Interrupted`, the last
        within milliseconds of `interruption.fire()`. None of them carries the provider's text or exception.
        """
        interruption.check()
        engine = self._engine()
        future = asyncio.run_coroutine_threadsafe(self._before(timeout, engine.model, request), engine.loop)
        with interruption.watching(future):
            try:
                return future.result()
            except CancelledError:
                pass
        raise Interrupted

    def close(self) -> None:
        """Stop this process's loop; calls in flight end as interrupted. A later call makes a new one."""
        with self._lock:
            engine, self._current = self._current, None
        if engine and engine.pid == os.getpid():
            engine.loop.call_soon_threadsafe(engine.loop.stop)

    def _engine(self) -> _Engine:
        with self._lock:
            if self._current is None or self._current.pid != os.getpid():
                model = self._factory(self._settings)
                self._current = _Engine(os.getpid(), asyncio.new_event_loop(), model)
                threading.Thread(target=_serve, args=(self._current.loop,), name="llm-gateway", daemon=True).start()
            return self._current

    async def _before(self, deadline: float, model: BaseChatModel, request: ChatRequest) -> ChatReply:
        try:
            async with asyncio.timeout(deadline):
                return await self._attempts(model, request)
        except TimeoutError:
            pass
        # Outside the handler, so that no provider exception stays in the chain.
        raise ModelUnavailable("o modelo não respondeu a tempo")

    async def _attempts(self, model: BaseChatModel, request: ChatRequest) -> ChatReply:
        for attempt in range(self._settings.model_max_retries + 1):
            outcome = await self._attempt(model, request)
            if isinstance(outcome, ChatReply):
                return outcome
            if isinstance(outcome, ModelRefused) or attempt == self._settings.model_max_retries:
                raise outcome
            await asyncio.sleep(_pause(attempt, outcome))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _attempt(self, model: BaseChatModel, request: ChatRequest) -> ChatReply | ModelUnavailable | ModelRefused:
        try:
            async with asyncio.timeout(self._settings.model_timeout_s):
                message = await _prepared(model, request).ainvoke(convert_to_messages(request.messages))
            return to_reply(message, request, provider=self.provider, model=self.model)
        except (ModelUnavailable, ModelRefused) as failure:
            return failure
        except Exception as error:  # noqa: BLE001 - whatever a provider raises becomes one of our two words
            return classify(error)


@lru_cache(maxsize=1)
def process_gateway() -> LlmGateway:
    """The gateway of the process's own settings."""
    return LlmGateway(settings().model)


def _prepared(model: BaseChatModel, request: ChatRequest) -> Runnable[Any, AIMessage]:
    options = dict(request.parameters)
    return model.bind_tools(request.tools, **options) if request.tools else model.bind(**options)


def _pause(attempt: int, failure: ModelUnavailable) -> float:
    """Seconds until the next attempt. Raises the failure when the provider asks for more patience than we have."""
    if failure.retry_after is not None:
        if failure.retry_after > _PATIENCE_S:
            raise failure
        return failure.retry_after
    return min(_BACKOFF_CAP_S, _BACKOFF_BASE_S * 2**attempt) * random.uniform(0.5, 1.0)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    finally:
        loop.close()
