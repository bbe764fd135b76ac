"""The store's part of a gateway, in memory: what was opened, settled and told to the breaker can be read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.llm.errors import BudgetExhausted
from shared.llm.ports import Admission, AttemptOpened, AttemptSettled


@dataclass
class Books:
    """`ports.Accounts`. Fails where an attempt is settled twice, or without having been opened."""

    money_microusd: int | None = None
    opened: list[AttemptOpened] = field(default_factory=list)
    settled: list[AttemptSettled] = field(default_factory=list)

    async def open(self, attempt: AttemptOpened) -> None:
        if self.money_microusd is not None and attempt.reserve_microusd > self.money_microusd:
            raise BudgetExhausted("esgotado", datetime(2030, 1, 1, tzinfo=UTC))
        assert attempt.id not in {other.id for other in self.opened}
        self.opened.append(attempt)

    async def settle(self, attempt: AttemptSettled) -> None:
        assert attempt.id in {other.id for other in self.opened}
        assert attempt.id not in {other.id for other in self.settled}
        self.settled.append(attempt)

    def of(self, request_id: str) -> list[AttemptSettled]:
        """The settled attempts of one call, in order; every attempt that was opened must be there."""
        opened = [attempt.id for attempt in self.opened if attempt.id.startswith(f"{request_id}:")]
        settled = [attempt for attempt in self.settled if attempt.id.startswith(f"{request_id}:")]
        assert opened == [attempt.id for attempt in settled]
        return settled


@dataclass
class OpenBreakers:
    """`ports.Breakers` that admits everybody but those in `resting` (until when), and remembers what it was told.

    `kinds`: why they rest.

    Whoever asks for one of `half_open` has its probe, once.
    """

    resting: dict[str, datetime | None] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    failures: list[tuple[str, str, float | None]] = field(default_factory=list)
    successes: list[str] = field(default_factory=list)
    half_open: set[str] = field(default_factory=set)
    released_probes: list[str] = field(default_factory=list)

    async def admit(self, deployment: str) -> Admission:
        if deployment in self.resting:
            return Admission(admitted=False, until=self.resting[deployment], kind=self.kinds.get(deployment))
        probe = deployment in self.half_open
        self.half_open.discard(deployment)
        return Admission(admitted=True, probe=probe)

    async def failed(self, deployment: str, kind: str, cool_down_s: float | None) -> None:
        self.failures.append((deployment, kind, cool_down_s))

    async def succeeded(self, deployment: str) -> None:
        self.successes.append(deployment)

    async def released(self, deployment: str) -> None:
        self.released_probes.append(deployment)
