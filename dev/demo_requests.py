"""Sends one real request per event, and one in each other standard, to a running platform; follows each to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from dev.demo_documents import SHOWN, FhirBundle, MllpMessage, documents
from shared.domain import Domain, Event
from shared.settings import DomainSettings

TERMINAL = frozenset({"completed", "failed", "cancelled"})
WAIT_S = 1  # long-poll: short enough for live progress


@dataclass
class Case:
    """One request of the demo and what is known about it. `seconds` counts from the POST."""

    domain: Domain
    event: Event
    prefix: str
    document: FhirBundle | MllpMessage | None = None  # None: the event's own JSON
    task_id: str = ""
    status: str = "posting"
    progress: dict[str, Any] = field(default_factory=dict)
    task: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        plain = f"{self.domain.key}/{self.event.name}"
        return f"{plain} ({self.document.label})" if self.document else plain

    @property
    def path(self) -> str:
        """Where the event is posted, with its path parameters filled in."""
        return f"{self.prefix}/{(self.event.path or '').format(**self.event.path_example)}"

    @property
    def ended(self) -> bool:
        return bool(self.problem) or self.status in TERMINAL

    @property
    def succeeded(self) -> bool:
        return self.status == "completed" and not self.problem

    @property
    def doing(self) -> str:
        """Who is working on it, and how far."""
        if self.problem:
            return self.problem
        if self.status != "running" or not self.progress.get("agent"):
            return self.status
        return f"{self.progress['agent']} ({self.progress.get('done', 0)}/{self.progress.get('total', 0)})"


def cases(domains: dict[str, Domain], settings: DomainSettings) -> list[Case]:
    """One per event that is posted to its domain; for those with a door of their own see `demo_answers`."""
    return [
        Case(domain, event, url_prefix(domain, settings))
        for domain in domains.values()
        for event in domain.events
        if event.path is not None
    ]


def document_cases(domains: dict[str, Domain], settings: DomainSettings, mllp: tuple[str, int] | None) -> list[Case]:
    """The hemogram again, as a FHIR Bundle and as an HL7 message."""
    return [
        Case(domain, event, url_prefix(domain, settings), document)
        for domain, document in documents(domains, settings, mllp)
        if (event := domain.event(SHOWN)) is not None
    ]


def url_prefix(domain: Domain, settings: DomainSettings) -> str:
    """Where the API mounts a domain."""
    return settings.of(domain.key).prefix or f"/api/{domain.key}"


async def follow_all(
    client: httpx.AsyncClient, all_cases: list[Case], changed: Callable[[Case], None], deadline_s: float
) -> None:
    """Post all at once and follow them; what has not ended by the deadline gets a `problem`."""
    following = [asyncio.ensure_future(_follow(client, case, changed)) for case in all_cases]
    _, late = await asyncio.wait(following, timeout=deadline_s)
    for unfinished in late:
        unfinished.cancel()
    await asyncio.wait(following)
    for case in all_cases:
        if not case.ended:
            case.problem = f"still {case.status} after {deadline_s:.0f} s"
            changed(case)
    for ended in following:
        if not ended.cancelled():
            ended.result()


async def _follow(client: httpx.AsyncClient, case: Case, changed: Callable[[Case], None]) -> None:
    began = time.monotonic()
    try:
        await _post(client, case)
        changed(case)
        while not case.ended:
            await _look(client, case)
            changed(case)
    except httpx.HTTPError as error:
        case.problem = f"the API does not answer: {type(error).__name__}"
        changed(case)
    except OSError as error:
        case.problem = f"the listener does not answer: {type(error).__name__}"
        changed(case)
    finally:
        case.seconds = time.monotonic() - began


async def _post(client: httpx.AsyncClient, case: Case) -> None:
    if isinstance(case.document, MllpMessage):
        sent = await case.document.send()
        case.task_id, case.problem, case.status = sent.task_id, sent.problem, "pending"
        case.task = {"status_url": f"{case.prefix}/status/{sent.task_id}"}
        return
    if case.document:
        answer = await case.document.send(client, case.path)
    else:
        answer = await client.post(case.path, json=case.event.example)
    if answer.status_code != httpx.codes.ACCEPTED:
        case.problem = f"POST {case.path} answered {answer.status_code}: {_reason(answer)}"
        return
    accepted = answer.json()
    case.task_id, case.status = accepted["task_id"], accepted["status"]
    case.task = {"status_url": accepted["status_url"]}


async def _look(client: httpx.AsyncClient, case: Case) -> None:
    status_url = case.task["status_url"]
    answer = await client.get(status_url, params={"wait": WAIT_S})
    if answer.status_code != httpx.codes.OK:
        case.problem = f"the status answered {answer.status_code}: {_reason(answer)}"
        return
    case.task = answer.json() | {"status_url": status_url}
    case.status = case.task["status"]
    case.progress = case.task.get("progress") or {}


def _reason(answer: httpx.Response) -> str:
    """The problem's own words, where the answer is problem+json."""
    if "json" not in answer.headers.get("content-type", ""):
        return answer.reason_phrase
    body = answer.json()
    return str(body.get("detail") or body.get("title") or answer.reason_phrase)
