"""The states of a task, and which of them are the end."""

from __future__ import annotations

from enum import StrEnum


class TaskStatus(StrEnum):
    PENDING = "pending"  # accepted and durable; no broker has confirmed its message yet
    QUEUED = "queued"  # the broker confirmed a message that points at it
    RUNNING = "running"  # a worker holds its lease
    RETRYING = "retrying"  # an attempt failed; due again at `not_before`
    COMPLETED = "completed"  # a result stands, perhaps degraded (findings without an opinion)
    FAILED = "failed"  # no result; `error` says why
    CANCELLED = "cancelled"  # a person asked for it


TERMINAL = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})
WAITING = frozenset({TaskStatus.PENDING, TaskStatus.QUEUED, TaskStatus.RETRYING})


class TimelineKind(StrEnum):
    """Lines of a task's timeline. `accepted` is not stored: it is the row's own `created_at`."""

    ACCEPTED = "accepted"
    PUBLISHED = "published"  # the broker has its message: it said so, or a worker got it
    CLAIMED = "claimed"
    OVERTAKEN = "overtaken"  # its message was used for urgent work; it is published again
    OVERTOOK = "overtook"  # urgent: claimed before its own message came
    WAITING = "waiting"  # an earlier task of the same patient or sequence must end first
    FINDINGS = "findings"
    ALERT = "alert"
    ESCALATED = "escalated"  # nobody acknowledged an alert: the next contact is called
    ACKNOWLEDGED = "acknowledged"
    DELIVERED = "delivered"  # a callback answered 2xx, or the broker confirmed
    UNDELIVERABLE = "undeliverable"  # a callback was given up
    AGENT_STARTED = "agent_started"
    AGENT_COMPLETED = "agent_completed"
    TOOL_USED = "tool_used"
    MODEL_CALL = "model_call"
    OPINION_CHECKED = "opinion_checked"  # the guardrail's verdict on one draft, with counts of faults
    RETRY = "retry"
    LEASE_EXPIRED = "lease_expired"
    REPEATED = "repeated"  # a second message for the same task arrived and changed nothing
    CANCEL_REQUESTED = "cancel_requested"
    REPLAYED = "replayed"
    COMPLETED = "completed"
    REVIEWED = "reviewed"  # a professional decided; comes after the end
    FAILED = "failed"
    CANCELLED = "cancelled"
