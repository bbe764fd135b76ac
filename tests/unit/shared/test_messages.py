"""What travels on the queue: every kind of value survives, and nothing but a rejection comes out of a bad body."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import MessageRejected
from shared.messaging import messages
from shared.messaging.messages import ForeignMessage, OwnMessage
from tests.fixtures.domains.eco.domain import Eco

SECRET = "MARIA-DA-SILVA-12345678909"


def test_an_own_message_is_read_back() -> None:
    task_id = str(uuid4())
    body = messages.encode(task_id, "hemograma", 3)
    assert messages.decode(body, None) == OwnMessage(task_id, "hemograma")
    assert json.loads(body) == {"task_id": task_id, "event": "hemograma", "attempt": 3}


def test_the_properties_carry_cloud_events_and_the_trace() -> None:
    properties = messages.properties("t1", "exames", "hemograma", "00-trace")
    assert (properties.delivery_mode, properties.message_id, properties.content_type) == (2, "t1", "application/json")
    assert properties.headers == {
        "ce-specversion": "1.0",
        "ce-id": "t1",
        "ce-type": "plantao.exames.hemograma",
        "ce-source": "/api/exames",
        "traceparent": "00-trace",
    }
    assert "traceparent" not in messages.properties("t1", "exames", "hemograma", None).headers


@pytest.mark.parametrize(("event", "payload"), [("event", "payload"), ("tipo", "dados"), ("event", "dados")])
def test_both_spellings_of_a_foreign_message_are_understood(event: str, payload: str) -> None:
    body = json.dumps({event: "eco", payload: {"texto": "x"}, "id": "lab-7", "reply_to": "cb"}).encode()
    assert messages.decode(body, "m1") == ForeignMessage("eco", {"texto": "x"}, "lab-7", "cb")


def test_the_name_of_a_message_is_its_id_else_its_message_id_else_none() -> None:
    body = b'{"event":"eco","payload":{}}'
    numbered = b'{"event":"eco","payload":{},"id":77}'
    names = [messages.decode(*pair) for pair in ((numbered, "m1"), (body, "m1"), (body, None))]
    assert [name.external_id for name in names if isinstance(name, ForeignMessage)] == ["77", "m1", None]


def test_a_task_id_beside_a_payload_is_foreign_work() -> None:
    message = messages.decode(b'{"event":"eco","payload":{"texto":"x"},"task_id":"t1"}', None)
    assert isinstance(message, ForeignMessage)


@pytest.mark.parametrize(
    ("body", "message_id", "reason"),
    [
        (b"", None, "not_json"),
        (b"\xff\xfe\x00", None, "not_json"),
        (SECRET.encode(), None, "not_json"),
        (b'{"event":"eco","payload":{"v":NaN}}', None, "not_json"),
        (b'{"event":"eco","payload":{"v":1e9999999999999999999}}', None, "not_json"),
        (b'{"event":"eco","payload":{"v":' + b"9" * 5000 + b"}}", None, "not_json"),
        (b"[" * 200_000, None, "not_json"),
        (f'["{SECRET}"]'.encode(), None, "not_object"),
        (b'"texto"', None, "not_object"),
        (b"null", None, "not_object"),
        (f'{{"evento":"{SECRET}"}}'.encode(), None, "no_event"),
        (b'{"event":7,"payload":{}}', None, "no_event"),
        (b'{"event":null}', None, "no_event"),
        (b'{"event":"eco"}', None, "no_payload"),
        (f'{{"event":"eco","payload":"{SECRET}"}}'.encode(), None, "no_payload"),
        (b'{"event":"eco","payload":[1]}', None, "no_payload"),
        (b'{"event":"eco","task_id":7}', None, "no_payload"),
        (b'{"event":"eco","task_id":""}', None, "bad_id"),
        (b'{"event":"eco","task_id":"a\\u0000b"}', None, "bad_id"),
        (b'{"event":"eco","payload":{},"id":true}', None, "bad_id"),
        (f'{{"event":"eco","payload":{{}},"id":["{SECRET}"]}}'.encode(), None, "bad_id"),
        (b'{"event":"eco","payload":{},"id":""}', None, "bad_id"),
        (b'{"event":"eco","payload":{},"id":"' + b"x" * 257 + b'"}', None, "bad_id"),
        (b'{"event":"eco","payload":{},"id":"a\\u0000b"}', None, "bad_id"),
        (b'{"event":"eco","payload":{},"id":"\\ud800"}', None, "bad_id"),
        (b'{"event":"eco","payload":{},"reply_to":{}}', None, "bad_id"),
        (b'{"event":"eco","payload":{},"reply_to":"\\u0000"}', None, "bad_id"),
        (b'{"event":"eco","payload":{}}', "a\x00b", "bad_id"),
    ],
)
def test_what_cannot_be_understood_has_a_stable_reason_and_no_value(
    body: bytes, message_id: str | None, reason: str
) -> None:
    with pytest.raises(MessageRejected) as rejected:
        messages.decode(body, message_id)
    assert rejected.value.reason == reason
    assert SECRET not in str(rejected.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMED = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("event", "tipo", "payload", "dados", "id", "task_id", "reply_to"), JSON),
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | NAMED.map(lambda message: json.dumps(message).encode()), st.none() | st.text())
def test_no_bytes_make_decode_raise_anything_but_a_rejection(body: bytes, message_id: str | None) -> None:
    try:
        message = messages.decode(body, message_id)
    except MessageRejected as rejected:
        assert rejected.reason in {"not_json", "not_object", "no_event", "no_payload", "bad_id"}
        return
    name = message.task_id if isinstance(message, OwnMessage) else message.external_id
    assert name is None or (name.isprintable() and 1 <= len(name) <= 256)


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-3)), timezone(timedelta(hours=5, minutes=45))])


@settings(max_examples=150, deadline=None)
@given(
    quando=st.datetimes(min_value=datetime(1900, 1, 1), timezones=ZONES),
    valor=st.decimals(allow_nan=False, allow_infinity=False, places=None),
    identificador=st.uuids(),
    conteudo=st.binary(max_size=64),
    texto=st.text(st.characters(exclude_categories=["Cs"]), max_size=100),
)
def test_dates_decimals_uuids_and_bytes_survive_the_round_trip(
    quando: datetime, valor: Decimal, identificador: UUID, conteudo: bytes, texto: str
) -> None:
    payload = {
        "texto": texto,
        "quando": quando,
        "valor": valor,
        "identificador": identificador,
        "conteudo": conteudo,
    }
    message = messages.decode(messages.dumps({"event": "eco", "payload": payload, "id": "x"}), None)
    assert isinstance(message, ForeignMessage)
    read = Eco.model_validate(message.payload)
    assert (read.texto, read.quando, read.identificador, read.conteudo) == (texto, quando, identificador, conteudo)
    # As stored for the worker, and read by it.
    again = Eco.model_validate_json(read.model_dump_json(exclude_unset=True))
    assert again == read
    assert again.valor is not None and (again.valor, again.valor.as_tuple()) == (valor, valor.as_tuple())


def test_numbers_keep_the_digits_their_sender_wrote() -> None:
    message = messages.decode(b'{"event":"eco","payload":{"texto":"x","valor":13.10}}', None)
    assert isinstance(message, ForeignMessage)
    assert str(Eco.model_validate(message.payload).valor) == "13.10"


def test_dates_and_byte_arrays_have_a_json_form_and_strangers_have_none() -> None:
    written: dict[str, Any] = json.loads(messages.dumps({"dia": date(2026, 2, 28), "bytes": bytearray(b"\x00\xff")}))
    assert written == {"dia": "2026-02-28", "bytes": base64.b64encode(b"\x00\xff").decode()}
    with pytest.raises(TypeError, match="object"):
        messages.dumps({"x": object()})


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("00-" + "a" * 32 + "-" + "b" * 16 + "-01", True),
        ("00-" + "A" * 32 + "-" + "b" * 16 + "-01", False),
        ("x" * 500, False),
        (b"00", False),
        (None, False),
    ],
)
def test_only_a_trace_header_is_taken_for_one(header: object, kept: bool) -> None:
    assert messages.traceparent(header) == (header if kept else None)
