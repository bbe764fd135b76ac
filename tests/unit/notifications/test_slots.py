"""However many receivers hang, one slot is left for whoever is not late."""

from __future__ import annotations

import pytest

from shared.notifications.slots import Slots


@pytest.mark.parametrize(("hanging", "share"), [(1, 64), (2, 42), (3, 32), (7, 16), (127, 1)])
def test_receivers_that_hang_share_what_they_leave(hanging: int, share: int) -> None:
    slots = Slots(128)
    admitted = [[slots.admit(f"r{number}") for number in range(hanging)] for _ in range(128)]
    each = [sum(turns) for turns in zip(*admitted, strict=True)]
    assert min(each) >= share and max(each) <= share + 1
    assert slots.admit("outro")


def test_what_is_held_already_counts() -> None:
    slots = Slots(3, {"a": 3, "b": 2})
    assert slots.full() == ["a"]
    assert [slots.admit("a"), slots.admit("b"), slots.admit("b")] == [False, True, False]
    assert slots.free == 2


def test_without_a_slot_nobody_is_admitted() -> None:
    assert not Slots(0).admit("a")
