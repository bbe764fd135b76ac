"""Every row of the table in `workers.retries`, and the times between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import (
    DeadlineExceeded,
    Interrupted,
    LeaseLost,
    ModelRefused,
    ModelUnavailable,
    RulesFailed,
    TaskCancelled,
    TransientFailure,
    WorkerDraining,
    WorkerKilled,
)
from shared.settings import WorkerSettings
from workers.retries import Fate, backoff, decide

WORKER = WorkerSettings(retry_max_attempts=3, retry_base_s=2, retry_cap_s=60)
FIRST, LAST = 0, 2
SECRET = "paciente Maria 123.456.789-09"


@pytest.mark.parametrize("has_findings", [True, False])
@pytest.mark.parametrize(
    ("error", "early", "last_with_findings", "last_without"),
    [
        (ModelUnavailable("x"), Fate.RETRY, Fate.DEGRADE, Fate.FAIL),
        (TransientFailure("x"), Fate.RETRY, Fate.DEGRADE, Fate.FAIL),
        (Interrupted("x"), Fate.RETRY, Fate.DEGRADE, Fate.FAIL),
        (ValueError(SECRET), Fate.RETRY, Fate.DEGRADE, Fate.FAIL),
        (RulesFailed("x"), Fate.FAIL, Fate.FAIL, Fate.FAIL),
        (TaskCancelled("x"), Fate.CANCEL, Fate.CANCEL, Fate.CANCEL),
        (WorkerDraining("x"), Fate.GIVE_BACK, Fate.GIVE_BACK, Fate.GIVE_BACK),
        (LeaseLost("x"), Fate.DISCARD, Fate.DISCARD, Fate.DISCARD),
        (WorkerKilled("x"), Fate.DIED, Fate.DIED, Fate.DIED),
    ],
)
def test_what_follows_from_an_error(
    error: Exception, early: Fate, last_with_findings: Fate, last_without: Fate, has_findings: bool
) -> None:
    assert decide(error, FIRST, has_findings, WORKER).fate is early
    assert decide(error, LAST - 1, has_findings, WORKER).fate is early
    last = decide(error, LAST, has_findings, WORKER).fate
    assert last is (last_with_findings if has_findings else last_without)


@pytest.mark.parametrize("attempts", [FIRST, LAST])
@pytest.mark.parametrize("error", [ModelRefused("não"), DeadlineExceeded("tarde")])
def test_what_no_second_attempt_can_mend_degrades_at_once_where_findings_stand(error: Exception, attempts: int) -> None:
    assert decide(error, attempts, True, WORKER).fate is Fate.DEGRADE
    assert decide(error, attempts, False, WORKER).fate is Fate.FAIL


def test_our_own_errors_keep_their_code_and_words_and_others_only_their_type() -> None:
    ours = decide(RulesFailed("sem idade"), 0, False, WORKER)
    assert (ours.code, ours.detail) == ("rules_failed", "sem idade")
    foreign = decide(KeyError(SECRET), 0, False, WORKER)
    assert (foreign.code, foreign.detail) == ("unexpected_error", "erro inesperado do tipo KeyError")


def test_a_provider_that_names_a_time_is_waited_for() -> None:
    assert decide(ModelUnavailable("x", retry_after=500), 0, False, WORKER).delay_s == 500
    assert decide(ModelUnavailable("x", retry_after=0.001), 0, False, WORKER).delay_s >= 1


def test_only_what_comes_again_waits() -> None:
    assert decide(WorkerKilled("x"), 0, True, WORKER).delay_s > 0
    for error in (RulesFailed("x"), TaskCancelled("x"), WorkerDraining("x"), ModelRefused("x")):
        assert decide(error, 0, True, WORKER).delay_s == 0


@given(st.integers(0, 10_000))
def test_the_back_off_doubles_within_its_jitter_up_to_the_cap(attempts: int) -> None:
    ceiling = min(60, 2 * 2 ** min(attempts, 30))
    assert ceiling / 2 <= backoff(attempts, WORKER) <= ceiling
