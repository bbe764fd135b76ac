"""Whether a request ever left: a library that cannot even write it says nothing about the provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from shared.errors import ModelRefused
from shared.llm.contract import ChatRequest
from shared.llm.errors import ParameterRefused

_sent: ContextVar[list[None]] = ContextVar("sent_requests")


async def note_sent(_request: Any) -> None:
    """Event hook `request` of every client of the gateway (httpx and httpx2): called before it connects."""
    _sent.get([]).append(None)


@contextmanager
def refused_unless_sent(request: ChatRequest) -> Iterator[None]:
    """Raises ParameterRefused for whatever fails inside before a request was sent: tools and messages are the
    caller's, and a schema that no library can translate must neither be asked again nor open a breaker.
    """
    sent: list[None] = []
    # Never reset: a stream may be closed in another context than the one it began in.
    _sent.set(sent)
    try:
        yield
    except Exception as error:
        if sent or isinstance(error, ModelRefused):
            raise
        reason = "este modelo não sabe ler o que foi enviado: um esquema, uma imagem ou os argumentos de uma chamada"
        raise ParameterRefused("tools" if request.tools else "messages", reason) from None
