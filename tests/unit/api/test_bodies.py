"""Reading a body: within its limit, once, and with the digits that the caller wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect

from api.bodies import NATIVE_TYPES, media_type, parse, read_body
from shared.domain import Event
from shared.errors import BodyTooLarge, InvalidField, MalformedBody, UnsupportedMedia
from tests.fixtures.domains.eco.domain import DOMAIN

LIMIT = 100


class Imagem(BaseModel):
    model_config = ConfigDict(extra="forbid")
    tipo_exame: str
    valor: Decimal | None = None


IMAGEM = Event("imagem", "imagem/{tipo_exame}", Imagem, "", {}, {"tipo_exame": "rx"})
ECO = DOMAIN.events[0]


async def read(chunks: Sequence[bytes], **headers: str) -> tuple[bytes, int]:
    """The body that was read, and how many chunks that took."""
    received: list[bytes] = []

    async def receive() -> dict[str, Any]:
        if len(received) == len(chunks):
            return {"type": "http.disconnect"}
        received.append(chunks[len(received)])
        return {"type": "http.request", "body": received[-1], "more_body": len(received) < len(chunks)}

    raw = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    request = Request({"type": "http", "headers": list(raw.items())}, receive)
    try:
        body = await read_body(request, raw, LIMIT)
    except BodyTooLarge as error:
        error.add_note(str(len(received)))
        raise
    return body, len(received)


async def test_chunks_are_put_together() -> None:
    assert await read([b'{"a"', b"", b":1}"], content_type="application/json; charset=utf-8") == (b'{"a":1}', 3)


@pytest.mark.parametrize("media", ["", "application/json", "Application/JSON;charset=UTF-8"])
def test_json_may_call_itself_json_or_nothing(media: str) -> None:
    assert media_type({b"content-type": media.encode()}) in NATIVE_TYPES


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json"])
def test_other_media_are_not_native(media: str) -> None:
    assert media_type({b"content-type": media.encode()}) not in NATIVE_TYPES


async def test_a_declared_size_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(BodyTooLarge) as error:
        await read([b"x" * 200], content_length="200")
    assert error.value.__notes__ == ["0"]


@pytest.mark.parametrize("declared", ["1", "", "-1", "many"])
async def test_a_body_that_lies_about_its_size_is_refused_as_soon_as_it_is_too_long(declared: str) -> None:
    with pytest.raises(BodyTooLarge) as error:
        await read([b"x" * 60] * 10, content_length=declared)
    assert error.value.__notes__ == ["2"]


@pytest.mark.parametrize("coding", ["gzip", "BR", "identity, deflate"])
async def test_a_compressed_body_is_called_that_and_no_bad_json(coding: str) -> None:
    with pytest.raises(UnsupportedMedia, match="Content-Encoding"):
        await read([b"\x1f\x8b"], content_encoding=coding)
    assert await read([b"{}"], content_encoding="identity") == (b"{}", 1)


async def test_exactly_the_limit_is_accepted() -> None:
    assert len((await read([b"x" * LIMIT], content_length=str(LIMIT)))[0]) == LIMIT


async def test_a_caller_that_hangs_up_has_sent_no_body() -> None:
    with pytest.raises(ClientDisconnect):
        await read([])


def test_the_callers_own_text_is_kept() -> None:
    text = '{ "texto" : "olá", "valor": 13.10 }'
    request, kept = parse(ECO, text.encode(), {})
    assert (kept, request.model_dump()["valor"]) == (text, Decimal("13.10"))


@pytest.mark.parametrize("body", ["{}", " {\n} ", '{"valor": 13.10}', '\t{ "valor":0.10000000000000000001}\r\n'])
def test_a_field_of_the_path_joins_the_body_and_decimals_keep_their_digits(body: str) -> None:
    request, kept = parse(IMAGEM, body.encode(), {"tipo_exame": 'r"x'})
    assert json.loads(kept, parse_float=Decimal) == json.loads(body, parse_float=Decimal) | {"tipo_exame": 'r"x'}
    assert Imagem.model_validate_json(kept) == request


@pytest.mark.parametrize("body", ['{"tipo_exame":"tc"}', '{"tipo\\u005fexame":"tc"}'])
def test_a_field_of_the_path_may_not_be_repeated(body: str) -> None:
    with pytest.raises(InvalidField) as error:
        parse(IMAGEM, body.encode(), {"tipo_exame": "rx"})
    assert error.value.fields[0][0] == "tipo_exame"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b'{"valor":NaN}', b"[" * 5000, b'{"a":' * 5000])
def test_what_is_no_json_object_is_refused_with_a_path_field_too(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse(IMAGEM, body, {"tipo_exame": "rx"})


@pytest.mark.parametrize(
    "body", [b'{"texto":' + b"[" * 100_000, b'{"texto":"\\ud800"}', b'{"texto":"\xff"}', b"\xef\xbb\xbf{}"]
)
def test_json_that_is_too_deep_or_no_text_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        parse(ECO, body, {})


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([(ECO, {}), (IMAGEM, {"tipo_exame": "rx"})]))
def test_no_bytes_bring_anything_but_a_refusal(body: bytes, where: tuple[Event, dict[str, str]]) -> None:
    try:
        parse(where[0], body, where[1])
    except (ValidationError, MalformedBody, InvalidField):
        return
