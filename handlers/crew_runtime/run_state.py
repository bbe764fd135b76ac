"""What one run of a crew leaves behind besides its text: why it stopped, and who answered its calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from crewai.hooks.dispatch import HookAborted

from shared.errors import PlantaoError
from shared.llm.contract import ChatReply
from shared.llm.interruption import Interruption


@dataclass
class RunState:
    """Belongs to one run; only the run's own thread writes to it."""

    interruption: Interruption
    failure: PlantaoError | None = None
    replies: list[ChatReply] = field(default_factory=list)

    def stop(self, failure: PlantaoError | None) -> NoReturn:
        """Leave the crew at once. `HookAborted` is the one exception crewai passes through without retrying."""
        self.failure = failure
        raise HookAborted("run stopped")
