"""The door out of the house: a call leaves it without anybody's name and comes back with them.

What people wrote and what tools said is pseudonymised (`shared.privacy.pseudonyms`). Names of tools, property names
and values in schemas are what the model must repeat: they stay as they are. Then everything that would be sent is
searched once more, and one hit stops it: nothing leaves.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from shared.llm.contract import ChatRequest
from shared.llm.errors import TransferRefused
from shared.llm.plain_json import plain_json
from shared.llm.restoring import StreamRestoring
from shared.privacy.identifiers import Identifiers
from shared.privacy.outgoing_guard import OutgoingGuard
from shared.privacy.pseudonyms import Pseudonyms

_STRUCTURE = frozenset({"role", "type", "id", "tool_call_id"})
_PROSE = frozenset({"description", "title"})
# Parameters that hold what people wrote or who they are; of the others only descriptions are prose.
_WRITTEN = frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key", "stop", "prediction"})


class PrivacyDoor:
    """Belongs to one attempt: hides the request, then restores its answer."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._pseudonyms = Pseudonyms(identifiers)
        self._guard = OutgoingGuard(identifiers)
        self._answers_in_json = False

    def hide(self, request: ChatRequest) -> ChatRequest:
        """The request as it may leave.

        Raises TransferRefused for pictures, sounds and files, which cannot be searched, and for a known value or a
        valid CPF, CNS, e-mail or telephone in what cannot be hidden: names of tools, schemas, ids; also for a schema
        or arguments nested too deeply to be searched.
        """
        try:
            return self._hidden(request)
        except RecursionError:
            raise TransferRefused(
                "um esquema ou argumento tem níveis demais para ser pseudonimizado", kind="transfer"
            ) from None

    def _hidden(self, request: ChatRequest) -> ChatRequest:
        self._answers_in_json = _asks_for_json(request)
        self._pseudonyms.reserve(json.dumps([request.tools, dict(request.parameters)], ensure_ascii=False, default=str))
        hidden = dataclasses.replace(
            request,
            messages=[self._message(message) for message in request.messages],
            tools=self._described(request.tools),
            parameters={name: self._parameter(name, value) for name, value in request.parameters.items()},
        )
        self._check(hidden)
        return hidden

    def restore_text(self, text: str) -> str:
        """An answer's text with the values in it; still JSON where JSON was asked for."""
        restorer = self.restoring().text
        return restorer.feed(text) + restorer.finish()

    def restore_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """A tool call's parsed arguments with the values in them, keys too."""
        restored: dict[str, Any] = self._pseudonyms.restore_all(arguments)
        return restored

    def restoring(self) -> StreamRestoring:
        """For one streamed answer."""
        return StreamRestoring(self._pseudonyms, in_json=self._answers_in_json)

    def _message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._field(name, value) for name, value in message.items()}

    def _field(self, name: str, value: Any) -> Any:
        if name in _STRUCTURE:
            return value
        if name == "content" and isinstance(value, list):
            return [self._part(part) for part in value]
        if name == "tool_calls" and isinstance(value, list):
            return [self._tool_call(call) for call in value]
        return self._pseudonyms.hide_all(plain_json(value) if isinstance(value, str) else value)

    def _part(self, part: Any) -> dict[str, Any]:
        if not isinstance(part, Mapping) or part.get("type") != "text":
            raise TransferRefused(
                "imagens, áudios e arquivos não podem ser pseudonimizados: só vão a modelos da instituição",
                kind="transfer",
            )
        return {name: value if name in _STRUCTURE else self._pseudonyms.hide_all(value) for name, value in part.items()}

    def _tool_call(self, call: Mapping[str, Any]) -> dict[str, Any]:
        function = call.get("function")
        if not isinstance(function, Mapping):
            return dict(call)
        arguments = self._arguments(function.get("arguments"))
        return {**call, "function": {**function, "arguments": arguments}}

    def _arguments(self, arguments: Any) -> Any:
        """Hidden part by part, so that what is sent is the JSON it was; what is no JSON is hidden as a text."""
        if not isinstance(arguments, str):
            return self._pseudonyms.hide_all(arguments)
        try:
            parsed = json.loads(arguments)
        except ValueError:
            return self._pseudonyms.hide(arguments)
        return json.dumps(self._pseudonyms.hide_all(parsed), ensure_ascii=False)

    def _parameter(self, name: str, value: Any) -> Any:
        if name in _WRITTEN:
            return self._pseudonyms.hide_all(value)
        return self._described(value)

    def _described(self, data: Any) -> Any:
        """A schema with its descriptions hidden and the rest as it is."""
        if isinstance(data, Mapping):
            return {
                name: self._pseudonyms.hide(value)
                if name in _PROSE and isinstance(value, str)
                else self._described(value)
                for name, value in data.items()
            }
        return [self._described(item) for item in data] if isinstance(data, list | tuple) else data

    def _check(self, request: ChatRequest) -> None:
        """Raises TransferRefused."""
        outgoing = (*_texts([request.messages, request.tools, dict(request.parameters)]), *_whole(request.messages))
        rests = {rest for text in outgoing for rest in self._pseudonyms.outside_tokens(text)}
        if any(self._guard.identifies(rest) for rest in rests):
            raise TransferRefused(
                "um dado identificador apareceu onde não pode ser pseudonimizado; nada foi enviado", kind="transfer"
            )


def _asks_for_json(request: ChatRequest) -> bool:
    wanted = request.parameters.get("response_format")
    return isinstance(wanted, Mapping) and wanted.get("type") in {"json_object", "json_schema"}


def _texts(data: Any) -> Iterator[str]:
    """Every key, text and number."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield str(name)
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for item in data:
            yield from _texts(item)
    elif data is not None and not isinstance(data, bool):
        yield str(data)


def _whole(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Contents of several parts as a model reads them: nobody's name may be cut in two."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, list) and len(content) > 1:
            yield "".join(str(part.get("text", "")) for part in content)
