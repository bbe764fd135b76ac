"""When a deployment is left alone, for how long, and who may try it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.llm.breaker_states import Breaker, Failed, ProbeClaimed, Succeeded
from shared.llm.catalogue import BreakerLimits

LIMITS = BreakerLimits(failures=3, window_s=60, open_s=5, lasting_s=60, open_cap_s=40, probe_s=15)
T0 = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def failed(breaker: Breaker, at: float, kind: str = "overloaded", cool_down_s: float | None = None) -> Breaker:
    return Failed(after(at), LIMITS, kind, cool_down_s)(breaker)


def opened(*, at: float = 0) -> Breaker:
    """Open for five seconds from `at` on."""
    breaker = Breaker("a")
    for _ in range(LIMITS.failures):
        breaker = failed(breaker, at)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    two = failed(failed(Breaker("a"), 0), 1)
    assert two.state(after(1)) == "closed"
    assert failed(two, 2).open_until == after(2 + LIMITS.open_s)


def test_a_success_between_forgets_them() -> None:
    breaker = failed(failed(Breaker("a"), 0), 1)
    assert failed(Succeeded(after(2))(breaker), 3).state(after(3)) == "closed"


def test_failures_further_apart_than_the_window_do_not_add_up() -> None:
    breaker = failed(failed(Breaker("a"), 0), 1)
    assert failed(breaker, LIMITS.window_s + 1).failures == 1


@pytest.mark.parametrize("kind", ["auth", "quota"])
def test_what_every_further_call_would_meet_opens_it_at_once_and_for_longer(kind: str) -> None:
    assert failed(Breaker("a"), 0, kind).open_until == after(LIMITS.open_cap_s)


def test_a_retry_after_opens_it_for_as_long_as_was_asked() -> None:
    assert failed(Breaker("a"), 0, "rate_limited", 90).open_until == after(90)
    assert failed(Breaker("a"), 0, "rate_limited", 1).open_until == after(LIMITS.open_s)
    assert failed(Breaker("a"), 0, "rate_limited", 10**9).open_until == after(3600)


def test_a_retry_after_that_is_over_asks_for_no_rest() -> None:
    breaker = failed(Breaker("a"), 0, "rate_limited", 0.0)
    assert (breaker.state(after(0)), breaker.failures) == ("closed", 1)
    assert failed(opened(), 1, "rate_limited", 0.0) == opened(), "nor for a longer one"


def test_it_is_half_open_when_its_time_is_over_and_one_probe_is_claimed() -> None:
    breaker = opened()
    assert breaker.state(after(4.9)) == "open"
    assert ProbeClaimed(after(4.9), LIMITS)(breaker) == breaker
    assert breaker.state(after(5)) == "half_open"
    probed = ProbeClaimed(after(5), LIMITS)(breaker)
    assert probed.probe_until == after(5 + LIMITS.probe_s)
    assert ProbeClaimed(after(6), LIMITS)(probed) == probed
    again = ProbeClaimed(after(20), LIMITS)(probed)  # whoever tried is dead
    assert again.probe_until == after(20 + LIMITS.probe_s)


def test_each_failed_probe_doubles_the_rest_up_to_the_cap() -> None:
    breaker, rests, at = opened(), [], 5.0
    for _ in range(5):
        breaker = failed(ProbeClaimed(after(at), LIMITS)(breaker), at)
        assert breaker.open_until is not None and not breaker.is_probed(after(at))
        rests.append((breaker.open_until - after(at)).total_seconds())
        at += rests[-1]
    assert rests == [10, 20, 40, 40, 40]


def test_a_successful_probe_closes_it_and_forgets_everything() -> None:
    closed = Succeeded(after(6))(ProbeClaimed(after(5), LIMITS)(opened()))
    assert closed == Breaker("a")


def test_calls_that_were_under_way_when_it_opened_decide_nothing() -> None:
    breaker = opened()
    assert failed(breaker, 1) == breaker
    assert Succeeded(after(1))(breaker) == breaker


def test_a_late_retry_after_lengthens_the_rest() -> None:
    assert failed(opened(), 1, "rate_limited", 30).open_until == after(31)
    assert failed(opened(), 1, "rate_limited", 30).openings == 1
    assert failed(failed(Breaker("a"), 0, "rate_limited", 60), 1, "rate_limited", 10).open_until == after(60)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["fail", "auth", "cool", "succeed", "claim"]), st.floats(0, 100)), max_size=40
)


@given(_STEPS)
def test_whatever_happens_it_never_stays_shut_for_good(steps: list[tuple[str, float]]) -> None:
    breaker, at = Breaker("a"), 0.0
    for what, pause in steps:
        at += pause
        match what:
            case "succeed":
                breaker = Succeeded(after(at))(breaker)
            case "claim":
                breaker = ProbeClaimed(after(at), LIMITS)(breaker)
            case _:
                cool_down = 50.0 if what == "cool" else None
                breaker = failed(breaker, at, "auth" if what == "auth" else "overloaded", cool_down)
    if breaker.open_until is not None:
        late = at + 50 + LIMITS.open_cap_s + LIMITS.probe_s
        probed = ProbeClaimed(after(late), LIMITS)(breaker)
        assert probed != breaker
        assert Succeeded(after(late))(probed) == Breaker("a")
