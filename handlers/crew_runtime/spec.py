"""What a crew is made of, as read from its YAML: immutable, shared by all messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.findings import Avaliacao


@dataclass(frozen=True)
class ToolSpec:
    """A reading of the evaluation that agents may ask for. `read` answers JSON-ready data."""

    name: str
    description: str
    read: Callable[[Avaliacao], dict[str, Any]]


@dataclass(frozen=True)
class AgentSpec:
    """Who. `key` is the agent's name on timelines and in the result."""

    key: str
    role: str
    goal: str
    backstory: str


@dataclass(frozen=True)
class TaskSpec:
    """What one agent does. With tools it must fetch the facts itself; without, they stand in its prompt."""

    agent: AgentSpec
    description: str
    expected_output: str
    tools: tuple[ToolSpec, ...]


@dataclass(frozen=True)
class CrewSpec:
    """The crew of one event. `prompt_hash` is the SHA-256 of every text of ours, `vocabulary` their words."""

    domain: str
    event: str
    prompt_version: str
    prompt_hash: str
    vocabulary: frozenset[str]
    tasks: tuple[TaskSpec, ...]

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(task.agent.key for task in self.tasks))
