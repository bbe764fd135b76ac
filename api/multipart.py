"""A multipart form read as it arrives: one file straight into a draft, short text fields beside it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from shared.errors import BodyTooLarge, InvalidField, MalformedBody, UnsupportedMedia
from shared.files.store import Draft

_FIELD_MAX_BYTES = 4096
_WRITE_BYTES = 1_048_576
_FORM = b"multipart/form-data"


@dataclass
class Form:
    """`file_name` has no folders; None until the file's part began."""

    file_name: str | None = None
    fields: dict[str, str] = field(default_factory=dict)


class _Receiver:
    """What the parser calls. Bytes of the file wait in `pending` for the next write."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self.form = Form()
        self.pending = bytearray()
        self.ended = False
        self._allowed = allowed
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._name = ""
        self._text = bytearray()

    def on_part_begin(self) -> None:
        self._disposition, self._name = b"", ""
        self._text.clear()

    def on_header_begin(self) -> None:
        self._header.clear()
        self._value.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name == "file":
            if self.form.file_name is not None:
                raise InvalidField([("file", "envie um arquivo por vez")])
            self.form.file_name = _bare_name(options.get(b"filename", b"").decode("utf-8", "replace"))
        elif self._name not in self._allowed:
            raise InvalidField([("campo", f"campos aceitos: file, {', '.join(sorted(self._allowed))}")])

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            self.pending += data[start:end]
            return
        self._text += data[start:end]
        if len(self._text) > _FIELD_MAX_BYTES:
            raise InvalidField([(self._name, f"no máximo {_FIELD_MAX_BYTES} bytes")])

    def on_part_end(self) -> None:
        if self._name != "file":
            self.form.fields[self._name] = self._text.decode("utf-8", "replace")

    def on_end(self) -> None:
        self.ended = True


async def receive(request: Request, draft: Draft, fields: frozenset[str], limit: int) -> Form:
    """Read the whole form; the file's bytes are in `draft` afterwards.

    Raises UnsupportedMedia, MalformedBody, InvalidField, or BodyTooLarge as soon as `limit` bytes are passed.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != _FORM or b"boundary" not in options:
        raise UnsupportedMedia("envie multipart/form-data com o campo file")
    receiver = _Receiver(fields)
    callbacks = {name: getattr(receiver, name) for name in dir(receiver) if name.startswith("on_")}
    parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit:
                raise BodyTooLarge(f"o limite é de {limit} bytes")
            parser.write(chunk)
            if len(receiver.pending) >= _WRITE_BYTES:
                await _write(draft, receiver)
    except FormParserError as error:
        raise MalformedBody("o formulário multipart está malformado") from error
    except ClientDisconnect as error:
        raise MalformedBody("o envio foi interrompido") from error
    if not receiver.ended:
        raise MalformedBody("o formulário multipart terminou antes do fim")
    if receiver.form.file_name is None:
        raise InvalidField([("file", "obrigatório")])
    await _write(draft, receiver)
    return receiver.form


async def _write(draft: Draft, receiver: _Receiver) -> None:
    data = bytes(receiver.pending)
    receiver.pending.clear()
    await asyncio.to_thread(draft.write, data)


def _bare_name(name: str) -> str:
    """The last part of a path of any system, printable, at most 255 characters."""
    bare = PureWindowsPath(PurePosixPath(name).name).name
    return "".join(letter for letter in bare if letter.isprintable())[-255:] or "sem-nome"
