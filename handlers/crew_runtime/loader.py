"""A domain's `agents.yaml` and `tasks.yaml` → one `CrewSpec` per event.

Our own, because crewai's `@CrewBase` needs a class per domain and costs five times as much per build.
Anything missing or left over in the files fails here, at boot, naming the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from handlers.crew_runtime.lexicon import Forbidden
from handlers.crew_runtime.quantities import Language
from handlers.crew_runtime.spec import AgentSpec, CrewSpec, TaskSpec, ToolSpec
from shared.privacy.folding import words_of

HOUSE_FILE = Path(__file__).with_name("house_rules.yaml")
# crewai's own English around our prompts.
_SCAFFOLDING = (
    "you are your personal goal is current task provide complete response this the expected criteria for final answer "
    "must return actual content as not summary context working with previous attempt failed validation result try "
    "again making sure address error begin very important use tools available give best job depends thought"
)

_File = TypeVar("_File", bound=BaseModel)
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=False)


class _AgentText(_Strict):
    role: _Text
    goal: _Text
    backstory: _Text


class _TaskText(_Strict):
    agent: _Text
    description: _Text
    expected_output: _Text
    tools: list[_Text] = []
    only_for: list[_Text] = []
    unless: list[_Text] = []


class _AgentsFile(_Strict):
    version: _Text
    events: dict[str, dict[str, _AgentText]]


class _TasksFile(_Strict):
    version: _Text
    events: dict[str, list[_TaskText]]
    forbidden: list[Forbidden] = []


class HouseTexts(_Strict):
    """What every agent of every domain is told on top of its own task, for opinions in one language."""

    writing: _Text
    case_without_tools: _Text
    case_with_tools: _Text


class HouseRules(_Strict):
    """The house's texts by the language of the opinion."""

    version: _Text
    languages: dict[Language, HouseTexts]


class CrewFileError(ValueError):
    """A crew's YAML cannot be used; the message names the file and what to mend."""


@lru_cache(maxsize=1)
def house_rules() -> HouseRules:
    """Read once per process."""
    return _read(HOUSE_FILE, HouseRules)


def load_crews(folder: Path, tools: Iterable[ToolSpec]) -> dict[str, CrewSpec]:
    """The crews of the domain in `folder`, by event. Raises `CrewFileError`."""
    agents = _read(folder / "agents.yaml", _AgentsFile)
    tasks = _read(folder / "tasks.yaml", _TasksFile)
    if agents.events.keys() != tasks.events.keys():
        odd = ", ".join(sorted(agents.events.keys() ^ tasks.events.keys()))
        raise CrewFileError(f"{folder}: events in only one of agents.yaml and tasks.yaml: {odd}")
    toolbox = {tool.name: tool for tool in tools}
    return {event: _crew(folder, event, agents, tasks, toolbox) for event in tasks.events}


def _crew(folder: Path, event: str, agents: _AgentsFile, tasks: _TasksFile, toolbox: dict[str, ToolSpec]) -> CrewSpec:
    people = {key: AgentSpec(key, text.role, text.goal, text.backstory) for key, text in agents.events[event].items()}
    steps = tuple(_task(folder, event, text, people, toolbox) for text in tasks.events[event])
    idle = people.keys() - {step.agent.key for step in steps}
    if idle or not steps:
        lacking = ", ".join(sorted(idle)) or "anyone"
        raise CrewFileError(f"{folder}/tasks.yaml: event {event} has no task for: {lacking}")
    if any(step.only_for or step.unless for step in (steps[0], steps[-1])):
        raise CrewFileError(
            f"{folder}/tasks.yaml: event {event}: first and last task always run: no only_for, no unless"
        )
    rules = house_rules()
    texts = _texts(agents.events[event], tasks.events[event], rules, steps)
    return CrewSpec(
        domain=folder.name,
        event=event,
        prompt_version=f"{folder.name}.{event}/{agents.version}.{tasks.version}.{rules.version}",
        prompt_hash=hashlib.sha256(texts.encode()).hexdigest(),
        vocabulary=frozenset(words_of(texts)) | frozenset(words_of(_SCAFFOLDING)),
        tasks=steps,
        forbidden=tuple(tasks.forbidden),
    )


def _task(
    folder: Path, event: str, text: _TaskText, people: dict[str, AgentSpec], toolbox: dict[str, ToolSpec]
) -> TaskSpec:
    if text.agent not in people:
        raise CrewFileError(f"{folder}/agents.yaml: event {event} lacks the agent {text.agent}")
    unknown = [name for name in text.tools if name not in toolbox]
    if unknown:
        raise CrewFileError(f"{folder}/tools.py: event {event} uses unknown tools: {', '.join(unknown)}")
    tools = tuple(toolbox[name] for name in text.tools)
    return TaskSpec(
        people[text.agent], text.description, text.expected_output, tools, tuple(text.only_for), tuple(text.unless)
    )


def _texts(
    agents: dict[str, _AgentText], tasks: list[_TaskText], rules: HouseRules, steps: tuple[TaskSpec, ...]
) -> str:
    texts: dict[str, Any] = {
        "agents": {key: text.model_dump() for key, text in agents.items()},
        "tasks": [text.model_dump() for text in tasks],
        "house": rules.model_dump(),
        "tools": [[tool.name, tool.description] for step in steps for tool in step.tools],
    }
    return json.dumps(texts, sort_keys=True, ensure_ascii=False)


def _read(path: Path, model: type[_File]) -> _File:
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CrewFileError(f"add {path}: the crew's file is missing") from None
    except yaml.YAMLError as error:
        raise CrewFileError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        raise CrewFileError(f"{path} is incomplete: {error}") from error
