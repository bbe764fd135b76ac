"""What a conversation and a message are, outside the store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.clock import now
from shared.llm.contract import Usage
from shared.privacy.identifiers import Identifiers
from shared.privacy.known import identifiers_of


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    TOOL = "tool"


class MessageStatus(StrEnum):
    """`STREAMING` is the only state that moves; whatever a person or tool wrote is `COMPLETE` at once."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"  # stopped from our side: cancelled, reader gone, process ended
    ERROR = "error"  # the model failed; `content` is what came before


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom a conversation belongs. For everybody else it does not exist."""

    tenant: str
    client: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """`patient` holds identifying values in clear by field name; it never leaves the house."""

    id: str
    tenant: str
    client: str
    user_id: str | None
    surface: str
    title: str | None
    model: str | None
    system: str | None
    patient: dict[str, Any] | None
    last_seq: int
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def owner(self) -> Owner:
        return Owner(self.tenant, self.client)

    @property
    def identifiers(self) -> Identifiers:
        """Who the conversation is known to be about."""
        return identifiers_of({"paciente": self.patient}) if self.patient else Identifiers()


@dataclass(frozen=True, slots=True)
class Attachment:
    """An upload as a message refers to it. Its bytes stay where they are, and may be deleted there.

    `names_people`: who could be listed, or could not, so that the house must go on to take care when the file is gone.
    """

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    names_people: bool
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One node of a conversation's tree; the columns of `conversation_messages`."""

    id: str
    conversation_id: str
    tenant: str
    client: str
    seq: int
    parent_id: str | None
    role: str
    content: str
    tool_calls: list[dict[str, Any]] | None
    tool_call_id: str | None
    attachments: list[dict[str, Any]] | None
    status: str
    finish_reason: str | None
    model: str | None
    deployment: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    usage_source: str | None
    prompt_estimate: int | None
    cost_microusd: int | None
    request_id: str | None
    error_code: str | None
    owner: str | None
    lease_until: datetime | None
    idempotency_key: str | None
    body_hash: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def streaming(self) -> bool:
        return self.status == MessageStatus.STREAMING

    @property
    def files(self) -> list[Attachment]:
        """What was attached to it, in order."""
        return [Attachment(**one) for one in self.attachments or ()]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended. `content` is the whole text, or all that came of it."""

    message_id: str
    status: MessageStatus
    content: str
    finish_reason: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    deployment: str | None = None
    usage: Usage | None = None
    prompt_estimate: int | None = None
    cost_microusd: int | None = None
    error_code: str | None = None
    finished_at: datetime = field(default_factory=now)

    def of(self, message: Message) -> Message:
        """The message as it stands once this is written."""
        usage = self.usage
        return replace(
            message,
            status=self.status.value,
            content=self.content,
            finish_reason=self.finish_reason,
            tool_calls=self.tool_calls,
            deployment=self.deployment,
            prompt_tokens=usage.prompt_tokens if usage else None,
            completion_tokens=usage.completion_tokens if usage else None,
            usage_source=usage.source if usage else None,
            prompt_estimate=self.prompt_estimate,
            cost_microusd=self.cost_microusd,
            error_code=self.error_code,
            owner=None,
            lease_until=None,
            finished_at=self.finished_at,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What the messages up to `upto_message_id` said."""

    conversation_id: str
    upto_message_id: str
    upto_seq: int
    content: str
    request_id: str
