"""Who is called when, and when a delivery is tried again."""

from __future__ import annotations

import pytest

from shared.notifications.schedule import contact_at, pause_after, retry_after
from shared.settings import NotificationSettings

CHAIN = ["a", "b", "c"]


@pytest.mark.parametrize(("rounds", "called"), [(1, "abcccc"), (2, "abcabcccc"), (3, "abcabcabccc")])
def test_the_chain_is_walked_and_its_last_contact_stays(rounds: int, called: str) -> None:
    assert "".join(contact_at(CHAIN, level, rounds) for level in range(len(called))) == called


def test_the_last_pause_repeats() -> None:
    assert [pause_after(level, [300, 600, 900]) for level in range(5)] == [300, 600, 900, 900, 900]


def test_a_delivery_is_tried_on_the_schedule_of_standard_webhooks_and_then_given_up() -> None:
    pauses = NotificationSettings(_env_file=None).delivery_retry_s
    assert pauses == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for failures, pause in enumerate(pauses, 1):
        again = retry_after(failures, pauses)
        assert again is not None and pause <= again <= pause * 1.1
    assert retry_after(len(pauses) + 1, pauses) is None
