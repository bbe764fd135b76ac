"""A gateway that says what a test tells it to, when the test lets it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from shared.llm.contract import (
    CallContext,
    ChatReply,
    ChatRequest,
    Finished,
    ModelCard,
    StreamEvent,
    TextDelta,
    Usage,
)

WINDOW = 8_192
FOREVER = object()
"""A step that never ends."""

Step = str | asyncio.Event | Exception | object


class ScriptedGateway:
    """Each call takes the next script: pieces are said, events waited for, exceptions raised."""

    def __init__(self, *scripts: list[Step]) -> None:
        self.scripts = list(scripts)
        self.requests: list[ChatRequest] = []
        self.contexts: list[CallContext] = []
        self.closed = asyncio.Event()
        self.context_tokens = WINDOW

    def models(self) -> Sequence[ModelCard]:
        return [
            ModelCard("padrao", "policy", "offline", "m", self.context_tokens, self.context_tokens // 4, inside=True),
            ModelCard(
                "outro", "deployment", "offline", "m", self.context_tokens, self.context_tokens // 4, inside=True
            ),
        ]

    async def complete(self, request: ChatRequest, context: CallContext) -> ChatReply:
        async for event in self.stream(request, context):
            if isinstance(event, Finished):
                return event.reply
        raise AssertionError("unreachable")

    async def stream(self, request: ChatRequest, context: CallContext) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        self.contexts.append(context)
        text = ""
        try:
            for step in self.scripts.pop(0):
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                elif step is FOREVER:
                    await asyncio.Event().wait()
                else:
                    assert isinstance(step, str)
                    text += step
                    yield TextDelta(step)
            yield Finished(_reply(text, context))
        finally:
            self.closed.set()

    async def close(self) -> None:
        """Nothing is open."""


def _reply(text: str, context: CallContext) -> ChatReply:
    return ChatReply(
        text=text,
        tool_calls=(),
        finish_reason="stop",
        usage=Usage(10, 20, "provider"),
        provider="offline",
        model="m",
        deployment="fio",
        request_id=context.request_id,
        cost_microusd=7,
    )
