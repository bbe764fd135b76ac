"""What one run of a crew leaves behind besides its text: why it stopped, and what it used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from crewai.hooks.dispatch import HookAborted

from shared.errors import ExecutionError
from shared.llm.contract import Usage
from shared.llm.interruption import Interruption


@dataclass
class RunState:
    """Belongs to one run; only the run's own thread writes to it."""

    interruption: Interruption
    failure: ExecutionError | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    agents: list[str] = field(default_factory=list)

    def bill(self, usage: Usage) -> None:
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.calls += 1

    def stop(self, failure: ExecutionError | None) -> NoReturn:
        """Leave the crew at once. `HookAborted` is the one exception crewai passes through without retrying."""
        self.failure = failure
        raise HookAborted("run stopped")
