"""A whole answer as the stream it would have been: for one that was kept."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from shared.llm.contract import ChatReply, Finished, StreamEvent, TextDelta, ToolCallDelta


def as_stream(reply: ChatReply) -> Iterator[StreamEvent]:
    """Its text in one piece, each of its tool calls in one, and `Finished`."""
    if reply.text:
        yield TextDelta(reply.text)
    for index, call in enumerate(reply.tool_calls):
        yield ToolCallDelta(index, orjson.dumps(call.arguments).decode(), call.id, call.name)
    yield Finished(reply)
