"""A streamed answer with the values back in the place of their tokens."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from shared.llm.contract import TextDelta, ToolCallDelta
from shared.privacy.pseudonyms import Pseudonyms, StreamRestorer


class StreamRestoring:
    """Text and each tool call's arguments are streams of their own."""

    def __init__(self, pseudonyms: Pseudonyms, *, in_json: bool) -> None:
        """`in_json`: the text is JSON too, so that a value with a quotation mark must not end its string."""
        self._pseudonyms = pseudonyms
        self.text = StreamRestorer(pseudonyms, _inside_json if in_json else str)
        self._arguments: dict[int, StreamRestorer] = {}

    def feed(self, piece: TextDelta | ToolCallDelta) -> Iterator[TextDelta | ToolCallDelta]:
        """What may leave now: nothing while a piece of text may still become a token."""
        if isinstance(piece, TextDelta):
            if text := self.text.feed(piece.text):
                yield TextDelta(text)
            return
        if text := self.text.finish():  # no token goes on behind a tool call
            yield TextDelta(text)
        arguments = self._of_call(piece.index).feed(piece.arguments)
        if arguments or piece.id or piece.name:
            yield dataclasses.replace(piece, arguments=arguments)

    def flush(self) -> Iterator[TextDelta | ToolCallDelta]:
        """What was held back to the end."""
        if text := self.text.finish():
            yield TextDelta(text)
        for index, restorer in self._arguments.items():
            if arguments := restorer.finish():
                yield ToolCallDelta(index, arguments)

    def _of_call(self, index: int) -> StreamRestorer:
        """Tokens stand only inside the strings of JSON, so that is what their values are written for."""
        return self._arguments.setdefault(index, StreamRestorer(self._pseudonyms, _inside_json))


def _inside_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
