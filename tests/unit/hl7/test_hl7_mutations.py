"""Whatever happens to a message on its way, the answer is a request or a coded refusal, and a valid ACK."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.errors import CallerError
from shared.hl7.ack import refusal_ack
from shared.hl7.message import parse
from shared.hl7.problems import problems_of
from shared.validation import refused_fields
from tests.fixtures.hl7 import NAMES
from tests.fixtures.hl7 import read_message as message
from tests.unit.hl7.messages import request

_SPECIAL = b'|^~\\&\r\n\x0b\x1c\0"-.,0A\xc3\xff'


def judged(raw: bytes) -> CallerError | None:
    """The refusal of a message, or None where it is a request. Anything else fails the test."""
    try:
        request(raw)
    except ValidationError as error:
        return refused_fields(error)
    except CallerError as error:
        return error
    return None


def assert_answerable(raw: bytes) -> None:
    refusal = judged(raw)
    if refusal is not None:
        answer = parse(refusal_ack(raw, problems_of(refusal)))
        assert answer.segment("MSA").text(1) in {"AE", "AR", "CE", "CR"}
        assert answer.first("ERR") is not None


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_truncated_anywhere(name: str, data: st.DataObject):
    raw = message(name)
    assert_answerable(raw[: data.draw(st.integers(0, len(raw)))])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_bytes_changed_inserted_or_lost(name: str, data: st.DataObject):
    raw = bytearray(message(name))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, max(0, len(raw) - 1)))
        width = data.draw(st.integers(0, 3))
        raw[place : place + width] = data.draw(
            st.sampled_from([bytes([byte]) for byte in _SPECIAL]) | st.binary(max_size=4)
        )
    assert_answerable(bytes(raw))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_fields_swapped_for_others(name: str, data: st.DataObject):
    """Well-formed, but with the contents of one field in the place of another."""
    lines = [line.split(b"|") for line in message(name).splitlines()]
    for _ in range(data.draw(st.integers(1, 5))):
        first, second = (data.draw(st.sampled_from(lines[1:])) for _ in range(2))
        one, two = data.draw(st.integers(1, len(first) - 1)), data.draw(st.integers(1, len(second) - 1))
        first[one], second[two] = second[two], first[one]
    assert_answerable(b"\r".join(b"|".join(line) for line in lines) + b"\r")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_binary_garbage(raw: bytes):
    assert_answerable(raw)
    assert_answerable(b"MSH|^~\\&|" + raw)
