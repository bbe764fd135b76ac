"""What callers of the chat read, as models for the OpenAPI document and as the one builder of each body."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from shared.conversations.records import Attachment, Conversation, Message
from shared.llm.contract import Usage


class MessageUsage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    source: Literal["provider", "estimate"] = Field(description="Who counted")


class ConversationView(BaseModel):
    """`paciente` says only whether one is bound: identifying values are not shown again."""

    id: str
    title: str | None
    model: str | None
    system: str | None
    user_id: str | None
    surface: Literal["chat", "webhook"]
    paciente: bool
    messages: int = Field(description="Over all branches")
    created_at: datetime
    updated_at: datetime


class ConversationPage(BaseModel):
    items: list[ConversationView]
    next_cursor: str | None


class AttachmentView(BaseModel):
    """A file of a message. `apagado`: it was deleted since, and the model is told so instead of its text."""

    id: str
    name: str
    media_type: str
    size: int = Field(description="Bytes")
    sha256: str
    apagado: bool


class MessageView(BaseModel):
    """One message. Two with the same `parent_id` are branches; an answer's parent is its question."""

    id: str
    conversation_id: str
    seq: int = Field(description="Order of arrival, over all branches")
    parent_id: str | None
    role: Literal["user", "assistant", "system", "tool"]
    content: str
    anexos: list[AttachmentView]
    status: Literal["streaming", "complete", "interrupted", "error"]
    finish_reason: str | None = Field(description="stop, length, tool_calls or content_filter")
    model: str | None = Field(description="As it was asked for; null: the default policy")
    deployment: str | None = Field(description="Who answered")
    usage: MessageUsage | None
    cost_microusd: int | None = Field(description="Millionths of a US dollar, failed attempts included")
    request_id: str | None = Field(description="Of the ledger's rows")
    error: str | None = Field(description="Stable code of why an answer is not whole")
    created_at: datetime
    finished_at: datetime | None


class MessagePage(BaseModel):
    items: list[MessageView]
    next_cursor: str | None


def conversation_view(conversation: Conversation) -> dict[str, Any]:
    """The body of one conversation."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "model": conversation.model,
        "system": conversation.system,
        "user_id": conversation.user_id,
        "surface": conversation.surface,
        "paciente": conversation.patient is not None,
        "messages": conversation.last_seq,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    }


def message_url(message: Message) -> str:
    return f"/api/chat/messages/{message.id}"


def message_view(message: Message) -> dict[str, Any]:
    """The body of one message."""
    usage = None
    if message.prompt_tokens is not None:
        usage = {
            "prompt_tokens": message.prompt_tokens,
            "completion_tokens": message.completion_tokens,
            "source": message.usage_source,
        }
    names = ("id", "conversation_id", "seq", "parent_id", "role", "content", "status", "finish_reason", "model")
    return {name: getattr(message, name) for name in names} | {
        "anexos": [_attachment_view(one) for one in message.files],
        "deployment": message.deployment,
        "usage": usage,
        "cost_microusd": message.cost_microusd,
        "request_id": message.request_id,
        "error": message.error_code,
        "created_at": message.created_at,
        "finished_at": message.finished_at,
    }


def _attachment_view(one: Attachment) -> dict[str, Any]:
    names = ("id", "name", "media_type", "size", "sha256")
    return {name: getattr(one, name) for name in names} | {"apagado": one.deleted}


def usage_view(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "source": usage.source,
    }
