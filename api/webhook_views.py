"""What callers of the webhook client read, as models for the OpenAPI document and as the one builder of each body."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from shared.conversations.records import Conversation, Message
from shared.tasks.answers import AnswerRow
from shared.tasks.states import TaskStatus


class Asked(BaseModel):
    """202: the question is durable; the answer will be called out, and can be read at `status_url`."""

    request_id: str
    conversation_id: str
    status: TaskStatus
    status_url: str


class AnswerUsage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    source: str = Field(description="provider, or estimate where the provider does not count")
    cost_microusd: int = Field(description="Every attempt together, in millionths of a US dollar")


class AnswerError(BaseModel):
    code: str
    detail: str | None = None


class CallView(BaseModel):
    """What is called out of one run. A replayed request has one more."""

    webhook_id: str = Field(description="The same at every attempt and at every resend: drop what you have seen")
    callback_id: str
    state: str = Field(description="pending, delivered or undeliverable")
    next_at: datetime | None = Field(description="When it is tried (again); null: not any more")


class DeliveryView(BaseModel):
    """One attempt to call it out."""

    webhook_id: str
    at: datetime
    status: int | None = Field(description="HTTP status of the receiver, where it answered")
    error: str | None = Field(description="Stable class of failure; null: delivered")
    duration_ms: int


class RequestView(BaseModel):
    """One question, its answer, and what became of telling it."""

    request_id: str
    conversation_id: str
    status: TaskStatus
    content: str | None
    model: str | None = Field(description="Who answered")
    usage: AnswerUsage | None
    error: AnswerError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int = Field(description="Failures so far")
    callbacks: list[CallView]
    deliveries: list[DeliveryView] = Field(description="Oldest first")


class SaidView(BaseModel):
    """One message of a conversation. Those of a question have its `request_id`, where it came by the webhook."""

    id: str
    role: str
    content: str
    status: str
    model: str | None = Field(description="Who answered")
    created_at: datetime


class HistoryPage(BaseModel):
    """A conversation from its beginning. Questions enter it together with their answers."""

    conversation_id: str
    user_id: str | None
    model: str | None
    created_at: datetime
    items: list[SaidView]
    next_cursor: str | None


class Resent(BaseModel):
    """202: it is called out again, at once."""

    request_id: str
    webhook_id: str


def request_view(row: AnswerRow, calls: Sequence[AnswerRow], attempts: Sequence[AnswerRow]) -> dict[str, Any]:
    """The body of GET /webhook/{request_id}."""
    result = row.result or {}
    return {
        "request_id": row.id,
        "conversation_id": row.sequence or row.id,
        "status": row.status,
        "content": result.get("content"),
        "model": result.get("model"),
        "usage": result.get("usage"),
        "error": row.error,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "attempts": row.attempts,
        "callbacks": [
            {
                "webhook_id": call.id,
                "callback_id": call.target,
                "state": call.state,
                "next_at": call.due_at if call.finished_at is None else None,
            }
            for call in calls
        ],
        "deliveries": [
            {
                "webhook_id": attempt.notification_id,
                "at": attempt.at,
                "status": attempt.status,
                "error": attempt.error,
                "duration_ms": attempt.duration_ms,
            }
            for attempt in attempts
        ],
    }


def history_page(conversation: Conversation, items: Sequence[Message], more: str | None) -> dict[str, Any]:
    """The body of GET /webhook/conversations/{conversation_id}."""
    return {
        "conversation_id": conversation.id,
        "user_id": conversation.user_id,
        "model": conversation.model,
        "created_at": conversation.created_at,
        "items": [
            {
                "id": message.id,
                "role": message.role,
                "content": message.content,
                "status": message.status,
                "model": message.deployment,
                "created_at": message.created_at,
            }
            for message in items
        ],
        "next_cursor": more,
    }
