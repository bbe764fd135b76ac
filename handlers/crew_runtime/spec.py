"""What a crew is made of, as read from its YAML: immutable, shared by all messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from handlers.crew_runtime.lexicon import Forbidden
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
    """What one agent does. With tools it must fetch the facts itself; without, they stand in its prompt.

    `only_for` and `unless` are patterns of finding codes (`alergia*`): without a finding of the first, or with one of
    the second, this agent has nothing to add.
    """

    agent: AgentSpec
    description: str
    expected_output: str
    tools: tuple[ToolSpec, ...]
    only_for: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def concerns(self, evaluation: Avaliacao) -> bool:
        def has(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(item.codigo, pattern) for item in evaluation.achados for pattern in patterns)

        return (not self.only_for or has(self.only_for)) and not has(self.unless)


@dataclass(frozen=True)
class CrewSpec:
    """The crew of one event. `prompt_hash` is the SHA-256 of every text of ours, `vocabulary` their words.

    `forbidden` is what no opinion of this domain may assert, on top of the house's own list.
    """

    domain: str
    event: str
    prompt_version: str
    prompt_hash: str
    vocabulary: frozenset[str]
    tasks: tuple[TaskSpec, ...]
    forbidden: tuple[Forbidden, ...] = ()

    def for_case(self, evaluation: Avaliacao) -> CrewSpec:
        """Only the agents that have something to say about it: each costs a model call."""
        return replace(self, tasks=tuple(task for task in self.tasks if task.concerns(evaluation)))

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(task.agent.key for task in self.tasks))
