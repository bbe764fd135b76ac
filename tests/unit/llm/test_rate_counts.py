"""Requests of one minute: never more than the limit, and whoever waits as told is let in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.llm.rates import WINDOW_S, Allowance, Ask, Seconds, counted

T0 = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def ask(at: float, limit: int) -> Ask:
    return Ask("default", "anonymous", "chat", limit, T0 + timedelta(seconds=at))


def asked(limit: int, moments: list[float]) -> tuple[Seconds, list[Allowance]]:
    seconds: Seconds = []
    answers = []
    for at in moments:
        seconds, answer = counted(seconds, ask(at, limit))
        answers.append(answer)
    return seconds, answers


def test_what_is_left_is_told() -> None:
    _, answers = asked(3, [0.2, 10.0, 10.5, 30.0])
    assert [answer.allowed for answer in answers] == [True, True, True, False]
    assert [answer.remaining for answer in answers] == [2, 1, 0, 0]
    assert answers[-1].retry_after_s == WINDOW_S + 1 - 30  # the first leaves the window then
    assert answers[-1].reset_s == WINDOW_S + 1 - 20  # the last does


def test_a_refused_request_uses_nothing_up() -> None:
    _, answers = asked(1, [0.0, *(float(n) for n in range(1, 61)), 61.0])
    assert [answer.allowed for answer in answers] == [True, *[False] * 60, True]


def test_a_clock_that_runs_behind_does_not_let_more_in() -> None:
    _, answers = asked(2, [5.0, 3.0, 4.0])
    assert [answer.allowed for answer in answers] == [True, True, False]


_MOMENTS = st.lists(st.floats(0, 200, allow_nan=False), max_size=60).map(sorted)


@given(st.integers(1, 8), _MOMENTS)
def test_no_window_of_a_minute_holds_more_than_the_limit(limit: int, moments: list[float]) -> None:
    seconds, answers = asked(limit, moments)
    let_in = [at for at, answer in zip(moments, answers, strict=True) if answer.allowed]
    for first in let_in:
        assert len([at for at in let_in if first <= at < first + WINDOW_S]) <= limit
    assert len(seconds) <= WINDOW_S + 1


@given(st.integers(1, 8), _MOMENTS.filter(bool))
def test_whoever_waits_as_told_is_let_in(limit: int, moments: list[float]) -> None:
    seconds, answers = asked(limit, moments)
    last = answers[-1]
    if not last.allowed:
        assert last.retry_after_s >= 1
        assert counted(seconds, ask(moments[-1] + last.retry_after_s, limit))[1].allowed
    else:
        assert last.retry_after_s == 0
    everything = counted(seconds, ask(moments[-1] + last.reset_s, limit))[1]
    assert everything.remaining == limit - 1


@given(st.integers(1, 8), _MOMENTS)
def test_a_request_is_refused_only_while_a_minute_and_a_second_are_full(limit: int, moments: list[float]) -> None:
    _, answers = asked(limit, moments)
    let_in: list[float] = []
    for at, answer in zip(moments, answers, strict=True):
        if answer.allowed:
            let_in.append(at)
        else:
            assert len([earlier for earlier in let_in if earlier > at - WINDOW_S - 1]) >= limit
