"""Alerts until somebody acknowledges them, what must leave the house, and what became of each attempt.

Nothing here names a patient but `alerts.descricao` (the finding's sentence) and `alerts.nota` (what the person who
acknowledged wrote): both stay in the store and are shown to callers of the API only.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from shared.database import Serial, UtcDateTime, metadata, only_where

alerts = Table(
    "alerts",
    metadata,
    Column("task_id", ForeignKey("tasks.id"), primary_key=True),
    Column("id", String(16), primary_key=True),  # the finding's id; `A2-r3` where a later run found something new
    Column("run", Integer, nullable=False),  # the run that raised it
    Column("tenant", String(64), nullable=False),
    Column("domain", String(64), nullable=False),
    Column("event", String(64), nullable=False),
    Column("achado", String(16), nullable=False),
    Column("codigo", Text, nullable=False),
    Column("descricao", Text, nullable=False),
    Column("state", String(16), nullable=False),  # raised | acknowledged
    Column("raised_at", UtcDateTime, nullable=False),
    Column("level", Integer, nullable=False, server_default="0"),  # calls made so far, whoever was called
    Column("next_at", UtcDateTime),  # when the next contact is called; null: nobody is
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", String(200)),
    Column("nota", Text),
    Index("ix_alerts_next", "next_at", **only_where("next_at IS NOT NULL")),
    Index("ix_alerts_state", "tenant", "state", "raised_at", "task_id", "id"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", String(36), primary_key=True),  # CloudEvents `id` and `webhook-id`: the same at every attempt
    Column("task_id", ForeignKey("tasks.id"), nullable=False),
    Column("domain", String(64), nullable=False),
    Column("kind", String(16), nullable=False),  # alert | answer | completed | failed
    Column("channel", String(16), nullable=False),  # callback | broker
    Column("target", String(256), nullable=False),  # id of a registered endpoint, or name of a queue
    Column("alert_id", String(16)),
    Column("level", Integer),  # which call of an alert this is; null: a plain record of what happened
    Column("data", JSON, nullable=False),  # ids, codes and links; never a value of a patient
    Column("state", String(16), nullable=False),  # pending | delivered | cancelled | undeliverable
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),  # while an attempt runs: when another deliverer may take it
    Column("attempts", Integer, nullable=False, server_default="0"),  # that failed
    Column("last_error", String(64)),
    Column("finished_at", UtcDateTime),
    Index("ix_notifications_due", "channel", "kind", "due_at", **only_where("state = 'pending'")),
    Index("ix_notifications_task", "task_id"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("notification_id", ForeignKey("notifications.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("status", Integer),  # HTTP status, where there was one
    Column("error", String(64)),  # class of failure; null: delivered
    Column("duration_ms", Integer, nullable=False),
    Index("ix_delivery_attempts_notification", "notification_id", "id"),
)

disabled_endpoints = Table(
    "disabled_endpoints",
    metadata,
    Column("id", String(64), primary_key=True),  # digest of the receiver's id and of the address that said 410
    Column("url_hash", String(64), nullable=False),  # digest of the address alone
    Column("disabled_at", UtcDateTime, nullable=False),
)
