"""Crews as models: `crew:<domain>.<event>` takes the event's JSON and answers with the opinion of a real task."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from api import status
from api.dependencies import Caller, Parts
from api.door import Door
from api.openai.body import Asked
from api.openai.errors import CrewTaskFailed, RequestRefused
from api.openai.messages import DeveloperMessage, SystemMessage, UserMessage, text_of
from api.openai.request import ChatCompletionRequest
from api.views import is_terminal
from handlers.registry import has_crew
from shared.domain import Domain
from shared.errors import MalformedBody
from shared.llm.errors import ParameterRefused, UnknownModel
from shared.settings import DomainSettings
from shared.tasks.reading import TaskRow
from shared.validation import invalid_field

PREFIX = "crew:"
_OWN = {"model", "messages", "stream", "stream_options"}
_FENCED = re.compile(r"\s*+```(?:json)?[^\S\n]*+\n(.*)```\s*", re.DOTALL)  # in linear time, whatever the text


@dataclass(frozen=True, slots=True)
class Crew:
    """One event as a model."""

    id: str
    title: str
    door: Door


class Crews:
    """Every event of every domain in which agents work."""

    def __init__(self, domains: dict[str, Domain], settings: DomainSettings) -> None:
        self._by_id = {
            crew.id: crew
            for key, domain in domains.items()
            if has_crew(domain, settings.domain_packages)
            for crew in _crews(domain, settings.of(key).prefix or f"/api/{key}")
        }

    def all(self) -> list[Crew]:
        return list(self._by_id.values())

    def named(self, model: str) -> Crew:
        """Raises UnknownModel."""
        if model not in self._by_id:
            raise UnknownModel("GET /v1/models mostra as equipes")
        return self._by_id[model]


@dataclass(frozen=True, slots=True)
class CrewTask:
    """The task behind one completion; `url` is where its status stands."""

    id: str
    url: str

    def reference(self) -> dict[str, Any]:
        return {"task_id": self.id, "status_url": self.url}


async def submit(crew: Crew, asked: Asked, request: Request) -> CrewTask:
    """The durable task. Raises RequestRefused, ParameterRefused, or what accepting raises."""
    text = _event_json(asked.typed)
    try:
        accepted = await crew.door.keep(request, text)
    except ValidationError as error:
        raise RequestRefused(_unfit(crew, error), "messages", "invalid_event") from None
    return CrewTask(accepted.task_id, crew.door.status_url(accepted.task_id))


async def changes(parts: Parts, caller: Caller, task: CrewTask, wait_s: float, tick_s: float) -> AsyncIterator[TaskRow]:
    """The task's row now, at each change and at least every `tick_s` seconds; the last one has ended.

    Raises CrewTaskFailed (504) after `wait_s` seconds: the task goes on and can be asked again.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_s
    while True:
        row = await status.find(parts, caller, task.id)
        yield row
        if is_terminal(row):
            return
        left = end - loop.time()
        if left <= 0:
            raise _not_yet(task)
        await parts.watcher.wait(row.id, row.version, min(left, tick_s))


def _crews(domain: Domain, prefix: str) -> list[Crew]:
    return [
        Crew(f"{PREFIX}{domain.key}.{event.name}", event.summary, Door(domain, event, prefix, {}))
        for event in domain.events
        if event.path is not None
    ]


def _event_json(asked: ChatCompletionRequest) -> str:
    """The text of the last message, bare or as a fenced block. Each call is a case of its own: what was said before
    is the caller's history, not the crew's.
    """
    for name in sorted(asked.model_fields_set - _OWN):
        if getattr(asked, name) is not None:
            raise ParameterRefused(name, "uma equipe trabalha com a configuração da casa")
    if any(isinstance(message, SystemMessage | DeveloperMessage) for message in asked.messages):
        raise RequestRefused("uma equipe tem suas próprias instruções: sem system", "messages", "unsupported_value")
    last = asked.messages[-1]
    if not isinstance(last, UserMessage):
        raise RequestRefused("a última mensagem deve ser do usuário: o JSON do evento", "messages", "invalid_value")
    text = text_of(last.content)
    if text is None:
        raise RequestRefused("uma equipe lê só texto: o JSON do evento", "messages", "unsupported_value")
    fenced = _FENCED.fullmatch(text)
    return fenced[1] if fenced else text


def _unfit(crew: Crew, error: ValidationError) -> str:
    refused = invalid_field(error)
    if isinstance(refused, MalformedBody):
        return f"{crew.id} recebe na última mensagem o JSON do evento; o formato está em /docs"
    return f"o JSON da última mensagem não serve a {crew.id}: {refused.detail}"


def _not_yet(task: CrewTask) -> CrewTaskFailed:
    message = f"a tarefa {task.id} continua; repita o mesmo pedido ou consulte {task.url}"
    return CrewTaskFailed(message, 504, "task_still_running", task.reference())
