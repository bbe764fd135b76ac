"""Conversations, their messages as a tree, and summaries of what no longer fits into a model's window.

All of it is what people wrote about patients: it never leaves these tables but for the caller who owns it, and for a
model through the gateway's privacy door.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from shared.database import UtcDateTime, metadata, only_where

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("client", String(128), nullable=False),
    Column("user_id", String(128)),  # whom the client says it speaks for
    Column("surface", String(16), nullable=False),  # chat | webhook
    Column("title", String(200)),
    Column("model", String(128)),  # for messages that name none
    Column("system", Text),
    Column("patient", JSON(none_as_null=True)),  # identifying values in clear: in-house only
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_conversations_client", "tenant", "client", "updated_at", "id"),
)


def _conversation() -> Column[str]:
    """Erasing a conversation erases what hangs on it."""
    return Column("conversation_id", String(36), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False)


conversation_messages = Table(
    "conversation_messages",
    metadata,
    Column("id", String(36), primary_key=True),
    _conversation(),
    Column("tenant", String(64), nullable=False),
    Column("client", String(128), nullable=False),
    Column("seq", Integer, nullable=False),  # order of arrival within the conversation, over all branches
    Column("parent_id", String(36)),  # what it follows; two with one parent are branches
    Column("role", String(10), nullable=False),  # user | assistant | system | tool
    Column("content", Text, nullable=False),
    Column("tool_calls", JSON(none_as_null=True)),  # of an assistant, in OpenAI's shape
    Column("tool_call_id", String(128)),  # of a tool's result
    Column("attachments", JSON(none_as_null=True)),  # of a user's message: records.Attachment without `deleted`
    Column("status", String(12), nullable=False),  # streaming | complete | interrupted | error
    Column("finish_reason", String(32)),
    Column("model", String(128)),  # as it was asked for
    Column("deployment", String(64)),  # who answered
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("usage_source", String(10)),  # provider | estimate
    Column("prompt_estimate", Integer),  # what we took the prompt for, to calibrate the next estimate
    Column("cost_microusd", BigInteger),
    Column("request_id", String(36)),  # of the gateway: the ledger's rows are `request_id:n`
    Column("error_code", String(64)),
    Column("owner", String(128)),  # the process that generates
    Column("lease_until", UtcDateTime),  # past this, that process is dead
    Column("idempotency_key", String(255)),
    Column("body_hash", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Index("ux_conversation_messages_seq", "conversation_id", "seq", unique=True),
    Index("ix_conversation_messages_parent", "parent_id"),
    Index("ix_conversation_messages_files", "conversation_id", **only_where("attachments IS NOT NULL")),
    Index("ux_conversation_messages_one_answer", "conversation_id", unique=True, **only_where("status = 'streaming'")),
    Index("ix_conversation_messages_lease", "lease_until", **only_where("status = 'streaming'")),
    Index(
        "ux_conversation_messages_key",
        "tenant",
        "client",
        "idempotency_key",
        unique=True,
        **only_where("idempotency_key IS NOT NULL"),
    ),
)

conversation_summaries = Table(
    "conversation_summaries",
    metadata,
    Column("id", String(36), primary_key=True),
    _conversation(),
    Column("upto_message_id", String(36), nullable=False),  # the last one it tells of; valid on branches that hold it
    Column("upto_seq", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("request_id", String(36), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ux_conversation_summaries_upto", "conversation_id", "upto_seq", unique=True),
)
