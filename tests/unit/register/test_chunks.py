"""Rows in chunks: how many, how large, and where reading goes on."""

from __future__ import annotations

from shared.register.records import CHUNK_BYTES, Row, chunks_of


def rows(*sizes: int) -> list[Row]:
    return [Row(place + 1, 10 * place, b"x" * size, None, ("x",)) for place, size in enumerate(sizes)]


def test_a_chunk_ends_with_its_number_of_rows_and_knows_where_the_next_begins() -> None:
    found = list(chunks_of(iter(rows(1, 1, 1)), 2, 99))
    assert [(len(chunk.rows), chunk.end, chunk.line) for chunk in found] == [(2, 20, 3), (1, 99, 4)]


def test_large_rows_make_small_chunks() -> None:
    """Else a file of photographs would stand in memory five thousand at a time."""
    found = list(chunks_of(iter(rows(1, CHUNK_BYTES // 2, CHUNK_BYTES // 2, 1, 1)), 5_000, 99))
    assert [len(chunk.rows) for chunk in found] == [3, 2]
