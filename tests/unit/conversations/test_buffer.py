"""The buffer against the plain text that it stands for."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from api.chat.buffer import AnswerBuffer


@given(st.lists(st.text(max_size=5), max_size=20), st.integers(0, 120))
def test_any_offset_reads_on_from_there(pieces: list[str], offset: int) -> None:
    async def check() -> None:
        buffer = AnswerBuffer()
        for piece in pieces:
            buffer.add(piece)
        whole = buffer.text
        assert len(whole) == buffer.length == sum(map(len, pieces))
        assert buffer.since(offset) == whole[offset:]

    asyncio.run(check())


async def test_readers_are_woken_once_and_a_nudge_is_no_news() -> None:
    buffer = AnswerBuffer()
    waiting = [asyncio.create_task(buffer.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    buffer.add("a")
    assert [await one for one in waiting[1:]] == [True, True]
    nudged = asyncio.create_task(buffer.wait())
    await asyncio.sleep(0)
    buffer.nudge()
    assert await nudged is False
