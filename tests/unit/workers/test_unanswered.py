"""Runs of acks become one; nothing is acknowledged that was not answered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.engines.unanswered import Unanswered


def waiting(*tags: int) -> Unanswered:
    unanswered = Unanswered()
    for tag in tags:
        unanswered.delivered(tag)
    return unanswered


def test_the_oldest_run_is_one_ack() -> None:
    assert waiting(1, 2, 3, 4).acknowledge([2, 1, 4]) == (2, [4])


def test_without_the_oldest_each_is_acknowledged_singly() -> None:
    assert waiting(1, 2, 3).acknowledge([3, 2]) == (None, [2, 3])


def test_what_was_given_back_does_not_stand_in_the_way() -> None:
    unanswered = waiting(1, 2)
    unanswered.give_back(1)
    assert unanswered.acknowledge([2]) == (2, [])


@given(st.lists(st.sets(st.integers(1, 30)), max_size=8))
def test_every_answer_is_sent_once_and_no_other(rounds: list[set[int]]) -> None:
    unanswered = waiting(*range(1, 31))
    outstanding = set(range(1, 31))
    for answers in rounds:
        answers &= outstanding
        upto, singly = unanswered.acknowledge(answers)
        sent = set(singly) | {tag for tag in outstanding if upto is not None and tag <= upto}
        assert sent == answers
        outstanding -= sent
