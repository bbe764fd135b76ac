"""Connections of streams whose reader stops at the last word, kept for the next call.

The libraries of OpenAI and Mistral hang up at `[DONE]`, one read before the end of the HTTP answer, which costs the
connection: every next stream would begin with a new one, TLS and all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import anyio
import httpx

_LAST_WORD = b"data: [DONE]"
# What is missing is the end of a chunked body, mostly in the same packet.
_PATIENCE_S = 0.05


async def read_to_the_end(response: httpx.Response) -> None:
    """Event hook `response`: a stream that has said its last word is read to its end before it is closed."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        response.stream = _ReadToTheEnd(response.stream)


class _ReadToTheEnd(httpx.AsyncByteStream):
    """A body left before its last word is closed at once: the provider shall stop working on it."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._chunks: AsyncIterator[bytes] = aiter(body)
        self._said_all = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self._said_all = _LAST_WORD in chunk
            yield chunk

    async def aclose(self) -> None:
        if self._said_all:
            # The answer is there: a connection that ends badly only is not kept.
            with anyio.move_on_after(_PATIENCE_S), suppress(httpx.TransportError):
                async for _ in self._chunks:
                    pass
        await self._body.aclose()
