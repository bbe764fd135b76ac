"""Who asks, and the parts of the application a route may use, as named aliases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from api.chat.service import Chat
from api.request_rates import RateLimits
from api.submission import Submission
from api.watching import Watcher
from shared.conversations.records import Owner
from shared.database import Database
from shared.domain import Domain
from shared.errors import NotFound
from shared.fhir.readback import Readback
from shared.files.store import FileStore
from shared.llm.catalogue import Catalogue
from shared.llm.contract import ModelGateway
from shared.notifications.receivers import Receivers
from shared.privacy.blind_index import BlindIndexes
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind a request. Until logins exist there is one tenant and one client.

    `domains` are those whose tasks the caller may read across domains; None: every one.
    """

    tenant: str
    client: str
    domains: frozenset[str] | None = None

    @property
    def owner(self) -> Owner:
        """To whom this caller's conversations belong."""
        return Owner(self.tenant, self.client)

    def readable(self, domains: Iterable[str]) -> list[str]:
        """Those of `domains` whose tasks this caller may read."""
        return [key for key in domains if self.domains is None or key in self.domains]


@dataclass(frozen=True, slots=True)
class Parts:
    """What `create_app` wired together for this process. `stopping` is done once the process has been told to stop."""

    settings: Settings
    domains: dict[str, Domain]
    database: Database
    submission: Submission
    watcher: Watcher
    files: FileStore
    blind: BlindIndexes
    readbacks: dict[str, dict[str, Readback]]
    gateway: ModelGateway
    receivers: Receivers
    chat: Chat
    catalogue: Catalogue
    rates: RateLimits
    stopping: asyncio.Future[None]


ANONYMOUS = Caller(tenant="default", client="anonymous")


def current_caller() -> Caller:
    return ANONYMOUS


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def named_task(task_id: Annotated[str, Path()]) -> str:
    """The id as it came. Raises NotFound for one that no store can hold: PostgreSQL refuses NUL."""
    if not task_id.isprintable():
        raise NotFound("tarefa desconhecida")
    return task_id


CurrentCaller = Annotated[Caller, Depends(current_caller)]
AppParts = Annotated[Parts, Depends(parts_of)]
TaskId = Annotated[str, Depends(named_task)]
ConversationId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
MessageId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
