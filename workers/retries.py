"""From an error to what becomes of the task: the one place that decides.

| error | while attempts remain | at the last |
|---|---|---|
| ModelUnavailable | retry with back-off | complete with findings, degraded |
| ModelRefused, DeadlineExceeded | complete with findings, degraded | the same |
| RulesFailed | fail with the reason | the same |
| TaskCancelled | cancel | the same |
| WorkerDraining | give back, nothing counted | the same |
| WorkerKilled | retry, one more death | fail: it kills its worker |
| anything else | retry with back-off | degraded where findings stand, else fail |

Where a domain has no result without a model (`NothingWithoutModel`), "degraded" is: fail with this very reason.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import (
    DeadlineExceeded,
    ExecutionError,
    LeaseLost,
    ModelRefused,
    RulesFailed,
    TaskCancelled,
    TransientFailure,
    WorkerDraining,
    WorkerKilled,
)
from shared.settings import WorkerSettings


class Fate(StrEnum):
    RETRY = "retry"
    DEGRADE = "degrade"
    FAIL = "fail"
    CANCEL = "cancel"
    GIVE_BACK = "give_back"
    DIED = "died"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Decision:
    fate: Fate
    code: str
    detail: str
    delay_s: float = 0.0


_ALWAYS: dict[type[Exception], Fate] = {
    ModelRefused: Fate.DEGRADE,
    DeadlineExceeded: Fate.DEGRADE,
    RulesFailed: Fate.FAIL,
    TaskCancelled: Fate.CANCEL,
    WorkerDraining: Fate.GIVE_BACK,
    LeaseLost: Fate.DISCARD,
    WorkerKilled: Fate.DIED,
}


def decide(error: Exception, attempts: int, has_findings: bool, worker: WorkerSettings) -> Decision:
    """What follows from `error` after `attempts` earlier failures."""
    code, detail = named(error)
    fate = next((fate for kind, fate in _ALWAYS.items() if isinstance(error, kind)), None)
    if fate is Fate.DEGRADE and not has_findings:
        fate = Fate.FAIL
    if fate is None:
        last = attempts + 1 >= worker.retry_max_attempts
        fate = Fate.RETRY if not last else Fate.DEGRADE if has_findings else Fate.FAIL
    asked = error.retry_after if isinstance(error, TransientFailure) and error.retry_after else 0.0
    delay = max(asked, backoff(attempts, worker)) if fate in (Fate.RETRY, Fate.DIED) else 0.0
    return Decision(fate, code, detail, delay)


def backoff(attempts: int, worker: WorkerSettings) -> float:
    """Exponential with jitter: between half and all of base · 2^attempts seconds, capped."""
    ceiling = min(worker.retry_cap_s, worker.retry_base_s * 2 ** min(attempts, 30))
    return ceiling * random.uniform(0.5, 1.0)


def named(error: Exception) -> tuple[str, str]:
    """A foreign exception's text may quote what it was given: only its type is kept."""
    if isinstance(error, ExecutionError):
        return error.code, error.detail
    return "unexpected_error", f"erro inesperado do tipo {type(error).__name__}"
