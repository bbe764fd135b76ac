"""One circuit breaker as a value, and how it changes: no clock and no store in here.

    closed      calls go through; `failures` in a row within the window are counted, a success forgets them
    open        nobody calls until `open_until`
    half-open   that time is over: whoever claims the probe tries, all others wait for how it ends

Each opening without a success between lasts twice as long as the last, up to a cap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.llm.catalogue import BreakerLimits
from shared.llm.failures import FaultKind
from shared.llm.retry_after import LONGEST_S

_MOST_DOUBLINGS = 20
_LASTING = frozenset(kind.value for kind in FaultKind if kind.opens_breaker)


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one deployment. `version` grows with every write."""

    deployment: str
    version: int = 0
    failures: int = 0
    first_failure_at: datetime | None = None
    openings: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None
    kind: str | None = None

    def state(self, moment: datetime) -> str:
        """`closed`, `open` or `half_open`."""
        if self.open_until is None:
            return "closed"
        return "open" if moment < self.open_until else "half_open"

    def is_probed(self, moment: datetime) -> bool:
        """Somebody tries it now, or died less than a probe's time ago."""
        return self.probe_until is not None and moment < self.probe_until


@dataclass(frozen=True, slots=True)
class Failed:
    """A call failed with `kind`; `cool_down_s` is how long the provider asked to be left alone, None or 0: not."""

    moment: datetime
    limits: BreakerLimits
    kind: str
    cool_down_s: float | None = None

    def __call__(self, breaker: Breaker) -> Breaker:
        match breaker.state(self.moment):
            case "closed":
                return self._counted(breaker)
            case "half_open":
                return self._opened(breaker, breaker.openings + 1)
        # It was under way when others opened the breaker: it may lengthen the rest, but is no failed probe.
        longer = self._opened(breaker, breaker.openings) if self._opens_at_once else breaker
        return breaker if _until(longer) <= _until(breaker) else longer

    @property
    def _opens_at_once(self) -> bool:
        return self.kind in _LASTING or bool(self.cool_down_s)

    def _counted(self, breaker: Breaker) -> Breaker:
        began = breaker.first_failure_at
        if began is None or self.moment - began > timedelta(seconds=self.limits.window_s):
            counted = replace(breaker, failures=1, first_failure_at=self.moment, kind=self.kind)
        else:
            counted = replace(breaker, failures=breaker.failures + 1, kind=self.kind)
        opens = self._opens_at_once or counted.failures >= self.limits.failures
        return self._opened(counted, 1) if opens else counted

    def _opened(self, breaker: Breaker, openings: int) -> Breaker:
        shortest = self.limits.lasting_s if self.kind in _LASTING else self.limits.open_s
        doubled = shortest * 2 ** min(openings - 1, _MOST_DOUBLINGS)
        asked = min(self.cool_down_s or 0.0, LONGEST_S)
        rest = timedelta(seconds=max(min(doubled, self.limits.open_cap_s), asked))
        return replace(breaker, openings=openings, open_until=self.moment + rest, probe_until=None, kind=self.kind)


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A call brought its answer. While the breaker is open that says nothing: it began before the failures."""

    moment: datetime

    def __call__(self, breaker: Breaker) -> Breaker:
        if breaker.state(self.moment) == "open" or breaker.failures == 0 and breaker.open_until is None:
            return breaker
        return Breaker(breaker.deployment, breaker.version)


@dataclass(frozen=True, slots=True)
class ProbeClaimed:
    """Somebody wants to be the one who tries a half-open breaker; it changes only for the first."""

    moment: datetime
    limits: BreakerLimits

    def __call__(self, breaker: Breaker) -> Breaker:
        if breaker.state(self.moment) != "half_open" or breaker.is_probed(self.moment):
            return breaker
        return replace(breaker, probe_until=self.moment + timedelta(seconds=self.limits.probe_s))


@dataclass(frozen=True, slots=True)
class ProbeReleased:
    """Whoever claimed the probe did not get to try: the next one need not wait for it."""

    def __call__(self, breaker: Breaker) -> Breaker:
        return replace(breaker, probe_until=None)


Transition = Failed | Succeeded | ProbeClaimed | ProbeReleased


def _until(breaker: Breaker) -> datetime:
    assert breaker.open_until is not None
    return breaker.open_until
