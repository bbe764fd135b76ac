"""Frames do not depend on how the network cuts the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.mllp_framing import KEPT_OF_TOO_LONG, Condition, Frame, FrameDecoder, framed

LIMIT = 2000
bodies = st.lists(st.binary(max_size=60).map(lambda raw: raw.translate(None, b"\x0b\x1c")), max_size=6)


def decoded(stream: bytes, cuts: list[int], limit: int = LIMIT) -> list[Frame]:
    decoder = FrameDecoder(limit)
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [frame for start, end in zip(edges, edges[1:], strict=False) for frame in decoder.feed(stream[start:end])]


@given(bodies, st.lists(st.integers(0, 10_000), max_size=30))
def test_any_portions_give_the_same_messages(sent: list[bytes], cuts: list[int]):
    stream = b"".join(map(framed, sent))
    assert decoded(stream, cuts) == [Frame(body, Condition.WHOLE) for body in sent]


@given(
    st.lists(st.sampled_from([b"MSH|a", b"\x0b", b"\x1c", b"\r", b"x" * 700]), max_size=25),
    st.lists(st.integers(0, 20_000), max_size=20),
)
def test_so_do_broken_ones(parts: list[bytes], cuts: list[int]):
    stream = b"\x0b" + b"".join(parts)

    def within(frames: list[Frame]) -> list[Frame]:
        return [frame for frame in frames if frame.condition is not Condition.NOISE]

    assert within(decoded(stream, cuts)) == within(decoded(stream, []))


@pytest.mark.parametrize(
    ("stream", "frames"),
    [
        (b"\x0bA\x1c\x0bB\x1c\r", [(b"A", Condition.WHOLE), (b"B", Condition.WHOLE)]),
        (b"\r\n\x0bA\x1c\r\n\r\n\x0bB\x1c", [(b"A", Condition.WHOLE), (b"B", Condition.WHOLE)]),
        (b"\x0bA\x0bB\x1c\r", [(b"A", Condition.CUT), (b"B", Condition.WHOLE)]),
        (b"\x0bA", []),
        (b"MSH|^~\\&|A\r", [(b"MSH|^~\\&|A\r", Condition.NOISE)]),
        (b"\x0b\x1c\r", [(b"", Condition.WHOLE)]),
    ],
)
def test_senders_that_frame_in_their_own_way(stream: bytes, frames: list[tuple[bytes, Condition]]):
    assert decoded(stream, []) == [Frame(body, condition) for body, condition in frames]


@pytest.mark.parametrize("portion", [100, 65_536])
def test_of_a_message_that_is_too_long_the_beginning_is_kept_and_the_next_is_read(portion: int):
    long = bytes(range(32, 127)) * 3000
    stream = framed(long) + framed(b"next")
    frames = decoded(stream, list(range(0, len(stream), portion)), limit=100_000)
    assert frames == [Frame(long[:KEPT_OF_TOO_LONG], Condition.TOO_LONG), Frame(b"next", Condition.WHOLE)]


def test_memory_stays_bounded_while_a_sender_never_ends():
    decoder = FrameDecoder(LIMIT)
    decoder.feed(b"\x0b")
    for _ in range(1000):
        assert decoder.feed(b"x" * 1000) == []
        assert len(decoder._buffer) <= LIMIT + 1000
