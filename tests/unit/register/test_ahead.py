"""Reading ahead: order, errors, and an early end; and the interpreter's dials around a load."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from shared.register.ahead import read_ahead
from shared.register.interpreter import tuned_for_loading


def test_items_come_in_order() -> None:
    with read_ahead(range(50)) as items:
        assert list(items) == list(range(50))


def test_what_drawing_raises_reaches_the_taker_after_what_was_drawn() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    taken = []
    with pytest.raises(ValueError, match="no more"), read_ahead(broken()) as items:
        taken.extend(items)
    assert taken == [1]


def test_a_taker_who_leaves_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    with read_ahead(range(1_000)) as items:
        assert next(items) == 0
    assert threading.active_count() == before


def test_only_a_few_items_are_drawn_ahead() -> None:
    drawn: list[int] = []

    def watched() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            yield number

    with read_ahead(watched()) as items:
        assert [next(items) for _ in range(10)] == list(range(10))
        assert len(drawn) <= 10 + 4


def test_the_interpreter_is_as_it_was_after_overlapping_loads() -> None:
    threshold, turn = gc.get_threshold(), sys.getswitchinterval()
    with tuned_for_loading():
        with tuned_for_loading():
            assert gc.get_threshold()[0] > threshold[0]
        assert gc.get_threshold()[0] > threshold[0] and sys.getswitchinterval() < turn
    assert (gc.get_threshold(), sys.getswitchinterval()) == (threshold, turn)
